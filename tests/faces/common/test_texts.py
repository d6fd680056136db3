"""Every field that has a longest length says so in our words."""

import importlib
import pkgutil

from django import forms
from django.utils.translation import override

from yitong import faces
from yitong.faces.common.texts import Text


def test_no_field_leaves_the_longest_length_to_the_framework() -> None:
    for module in pkgutil.walk_packages(faces.__path__, "yitong.faces."):
        if module.name.endswith(".forms"):
            importlib.import_module(module.name)
    found, waiting = set(), [forms.Form]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            found |= {
                f"{kind.__module__}.{kind.__name__}.{name}"
                for name, field in kind.base_fields.items()
                if kind.__module__.startswith("yitong.")
                and isinstance(field, forms.CharField)
                and field.max_length is not None
                and "max_length" not in field.error_messages
            }
    assert found == set()


def test_too_long_is_said_with_the_number() -> None:
    class Asked(forms.Form):
        name = Text(max_length=3)

    for language, said in (("zh-hans", "太长了，最多 3 个字"), ("en", "3")):
        with override(language):
            assert said in Asked({"name": "测试测试"}).errors["name"][0]
