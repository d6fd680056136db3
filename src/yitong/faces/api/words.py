"""What is wrong with a field, said plainly. Never repeats what was entered."""

import re
from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "missing": ("必须填写", "is required"),
    "extra_forbidden": ("没有这一项", "is not a known field"),
    "string_type": ("应为文字", "must be text"),
    "string_unicode": ("含有无法识别的字符", "holds characters that can't be read"),
    "string_too_short": ("至少 {min_length} 个字", "needs at least {min_length} characters"),
    "string_too_long": ("不能超过 {max_length} 个字", "may have at most {max_length} characters"),
    "string_pattern_mismatch": ("格式不正确", "has the wrong form"),
    "int_type": ("应为整数", "must be a whole number"),
    "int_parsing": ("应为整数", "must be a whole number"),
    "int_from_float": ("应为整数", "must be a whole number"),
    "bool_type": ("应为 true 或 false", "must be true or false"),
    "bool_parsing": ("应为 true 或 false", "must be true or false"),
    "greater_than_equal": ("不能小于 {ge}", "must be at least {ge}"),
    "less_than_equal": ("不能大于 {le}", "must be at most {le}"),
    "enum": ("只能是：{expected}", "must be one of {expected}"),
    "literal_error": ("只能是：{expected}", "must be one of {expected}"),
    "too_long": ("不能超过 {max_length} 项", "may have at most {max_length} items"),
    "too_short": ("至少 {min_length} 项", "needs at least {min_length} items"),
    "model_attributes_type": ("应为 JSON 对象", "must be a JSON object"),
    "model_type": ("应为 JSON 对象", "must be a JSON object"),
    "dict_type": ("应为 JSON 对象", "must be a JSON object"),
    "list_type": ("应为 JSON 数组", "must be a JSON array"),
}
NAME = re.compile(r"[A-Za-z_][A-Za-z_]{0,40}\d{0,3}|\d{1,3}")  # a field of a document or a place in a list
OTHERWISE = ("格式不正确", "has the wrong form")


def field_errors(errors: list[dict], language: str) -> list[dict[str, str]]:
    return [
        {"field": _name(error["loc"]), "code": str(error["type"]), "message": _sentence(error, language)}
        for error in errors[:50]
    ]


def _name(path: tuple[str | int, ...]) -> str:
    """`body.name`: where it came from and its name, if it looks like one: a value sent as a name is not repeated.
    The name of the endpoint's own argument is left out."""
    parts = [str(part) for part in path]
    if len(parts) > 2 and parts[0] == "body" and parts[1] == "data":
        del parts[1]
    return ".".join(part if NAME.fullmatch(part) else "?" for part in parts[:6])


def _sentence(error: dict, language: str) -> str:
    chinese, english = WORDS.get(error["type"], OTHERWISE)
    known = {name: value for name, value in (error.get("ctx") or {}).items() if isinstance(value, int | str)}
    try:
        return (english if language.startswith("en") else chinese).format(**known)
    except KeyError:
        return OTHERWISE[1] if language.startswith("en") else OTHERWISE[0]
