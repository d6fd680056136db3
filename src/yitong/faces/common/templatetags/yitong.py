"""Tags and filters of every template: icons, money, days, form fields, QR."""

from collections.abc import Iterable
from datetime import date, datetime, time
from functools import lru_cache

import segno
from django import template
from django.forms import BoundField
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from yitong.core import clock, masks
from yitong.core.db import reference
from yitong.core.money import Fen
from yitong.faces.common import words

register = template.Library()


def _language() -> str:
    return get_language() or "zh-hans"


def _today() -> date:
    return clock.shanghai_date(clock.now())


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """One drawing of our sprite. Without a label it is decoration and silent."""
    sprite = static("yitong/icons.svg")
    if label:
        href = f"{sprite}#{name}"
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, href)
    return _decoration(sprite, name)


@lru_cache(maxsize=512)  # a page has dozens
def _decoration(sprite: str, name: str) -> SafeString:
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', f"{sprite}#{name}")


@register.filter
def fen(amount: Fen | int) -> str:
    """Money in yuan, as prices are said."""
    return words.yuan(amount, _language())


@register.filter
def day(value: date) -> str:
    """`明天 11月22日 周日`."""
    return words.plain_day(value, _today(), _language())


@register.filter
def month_day(value: date) -> str:
    return words.month_day(value, _language())


@register.filter
def weekday(value: date) -> str:
    return words.weekday(value, _language())


@register.filter
def half_day(value: datetime | time) -> str:
    local = value.astimezone(clock.SHANGHAI).time() if isinstance(value, datetime) else value
    return words.half_day(local, _language())


@register.filter
def clock_time(value: datetime | time) -> str:
    local = value.astimezone(clock.SHANGHAI).time() if isinstance(value, datetime) else value
    return words.clock_time(local)


@register.filter
def moment(value: datetime) -> str:
    """`今天 15:04`."""
    return words.moment(value, _today(), _language())


@register.simple_tag
def window(start: datetime | time, end: datetime | time) -> str:
    return words.window(start, end)


@register.simple_tag
def visit_time(start: datetime, end: datetime) -> str:
    return words.visit_time(start, end, _today(), _language())


@register.filter
def grouped(digits: str) -> str:
    return words.grouped(digits)


@register.filter
def masked_name(value: str) -> str:
    return masks.name(value)


@register.filter
def masked_number(value: str) -> str:
    return masks.identity_number(value)


@register.filter
def masked_phone(value: str) -> str:
    return masks.phone(value)


@register.simple_tag
def qr(content: str, label: str, *, stays: bool = False) -> SafeString:
    """The QR code as inline SVG of attributes only (strict CSP). `stays`: it is shown again and again and is no secret
    by itself, so that the drawing is kept."""
    drawing = _kept_drawing(content) if stays else _drawing(content)
    return format_html('<div class="qr" role="img" aria-label="{}">{}</div>', label, mark_safe(drawing))


def _drawing(content: str) -> str:
    """The mask is named, as a search for the best one took longer than the rest of its page; every reader takes any."""
    drawing = segno.make(content, error="m", micro=False, mask=2).svg_inline(
        omitsize=True, border=0, svgclass=None, lineclass=None, dark="#000"
    )
    return drawing.replace("<svg ", '<svg aria-hidden="true" ', 1)


_kept_drawing = lru_cache(2_000)(_drawing)


@register.inclusion_tag("common/parts/field.html")
def field(bound: BoundField, css: str = "", *, says_optional: bool = True, **attrs: str) -> dict[str, object]:
    """A label, its hint, the input and its error, tied together for screen readers."""
    given: dict[str, str | bool] = {name.rstrip("_").replace("_", "-"): value for name, value in attrs.items()}
    described = [f"{bound.auto_id}-hint"] if bound.help_text else []
    if bound.errors:
        described.insert(0, f"{bound.auto_id}-error")
        given["aria-invalid"] = "true"
    if described:
        given["aria-describedby"] = " ".join(described)
    kind = getattr(bound.field.widget, "input_type", "text")
    is_choice = kind in ("radio", "checkbox") and not bound.is_hidden
    if not is_choice:
        given["class"] = f"input {css}".strip()
    return {
        "field": bound,
        "kind": kind,
        "is_group": kind in ("radio", "checkbox") and hasattr(bound.field, "choices"),
        "is_tick": kind == "checkbox" and not hasattr(bound.field, "choices"),
        "css": css,
        "is_optional": says_optional and not bound.field.required,
        "input": "" if is_choice and hasattr(bound.field, "choices") else bound.as_widget(attrs=given),
        "described": " ".join(described),
    }


@register.simple_block_tag(end_name="endsheet")
def sheet(content: str, id: str, title: str, back: str = "main") -> SafeString:
    """`{% sheet "fees" title %}…{% endsheet %}`: what lies over the page when one follows a link to `#fees`.

    `back`: where its closing leads without scripts."""
    return render_to_string("common/parts/sheet.html", {"id": id, "title": title, "body": content, "back": back})


@register.simple_tag(takes_context=True)
def current(context: Context, *prefixes: str) -> SafeString:
    """` aria-current="page"` when the path begins with one of these; `=/x/` is exact."""
    shell = context.get("shell")
    path = getattr(shell, "path", "").split("?")[0]
    exact = (path, getattr(shell, "section", ""))  # of a page for everybody only the section is known
    for prefix in prefixes:
        if prefix[1:] in exact if prefix.startswith("=") else path.startswith(prefix):
            return mark_safe(' aria-current="page"')
    return mark_safe("")


@register.filter
def joined(values: Iterable[object]) -> str:
    """A list in one line, with the language's own comma."""
    return (", " if words.is_english(_language()) else "、").join(str(value) for value in values)


class KeptNode(template.Node):
    def __init__(self, name: str, keys: list[FilterExpression], nodes: NodeList) -> None:
        self.name, self.keys, self.nodes = name, keys, nodes

    def render(self, context: Context) -> SafeString:
        key = ("template", self.name, _language(), *(str(one.resolve(context)) for one in self.keys))
        return reference.keep(key, lambda: self.nodes.render(context))


@register.tag
def kept(parser: Parser, token: Token) -> KeptNode:
    """`{% kept "tabbar" shell.section %}…{% endkept %}`: a part that depends on nothing but reference data, the
    language and what is named. A visitor's page takes it as it was rendered before, while that data stands still."""
    _, name, *keys = token.split_contents()
    nodes = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptNode(name.strip('"'), [parser.compile_filter(one) for one in keys], nodes)
