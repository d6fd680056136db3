"""What several forms of the desk share."""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.core.errors import Busy, Conflict, Refusal, RuleBroken
from yitong.domains.people.contracts.patients import IdentityGiven
from yitong.domains.people.contracts.words import IdentityKind, Sex
from yitong.faces.common import days, seen, terms
from yitong.faces.common.templatetags.yitong import joined
from yitong.faces.common.texts import Text

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# What a page says beside its form; who may not, and what is absent, gets a page of its own.
IN_PLACE = (Conflict, RuleBroken, Busy)
NO_MEMORY = {"autocomplete": "off", "spellcheck": "false"}


def status_of(form: forms.Form, refusal: Refusal | None) -> int:
    return refusal.status if refusal else 422 if form.is_bound and form.errors else 200


class Key(forms.Form):
    """The idempotency key that the page made: a repeat of the same press gives the first answer."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def text(self) -> str:
        return str(self.cleaned_data["key"])


class Seen(seen.Seen):
    def show_what_stands(self) -> list[tuple["StrOrPromise", "StrOrPromise", str]]:
        """After somebody else's change: the fields in which what stands differs from what was typed, with what stands,
        as facts. The page has then shown it, so the next press is made from it."""
        self.see_anew()
        return [
            (self.fields[name].label or "", _shown(self.fields[name], self.initial.get(name)), "")
            for name in self.changed_data
            if not self.fields[name].widget.is_hidden
        ]


def _shown(field: forms.Field, value: object) -> "StrOrPromise":
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(field, forms.ChoiceField):
        names = dict(cast(Iterable[tuple[str, "StrOrPromise"]], field.choices))
        given = value if isinstance(value, list) else [value or ""]
        return joined(names.get(str(one), one) for one in given if one) or _("没有填")
    return _("没有填") if value in (None, "") else str(value)


class Day(forms.DateField):
    """A Shanghai day, as the browser's own date field gives it."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {"required": _("请填日期"), "invalid": _("日期要像 1990-05-01 这样")}
    input_formats = ["%Y-%m-%d"]
    default_validators = [days.check]


class Document(Key):
    """A document as the window sees it."""

    kind = forms.ChoiceField(
        label=_("证件类型"), choices=[(kind.value, terms.IDENTITY_KINDS[kind]) for kind in IdentityKind]
    )
    number = Text(
        label=_("证件号码"),
        max_length=40,
        error_messages={"required": _("请填证件号码"), "max_length": _("证件号码太长了")},
        widget=forms.TextInput(attrs={**NO_MEMORY, "autocapitalize": "characters"}),
    )

    def identity_kind(self) -> IdentityKind:
        return IdentityKind(self.cleaned_data["kind"])


class WholeDocument(Document):
    """With what the number itself doesn't say."""

    name = Text(
        label=_("姓名"),
        max_length=80,
        help_text=_("和证件上的一字不差"),
        error_messages={"required": _("请填姓名"), "max_length": _("姓名太长了")},
        widget=forms.TextInput(attrs=NO_MEMORY),
    )
    birth_date = Day(label=_("出生日期"), required=False, help_text=_("身份证、户口簿、居住证不用填"))
    sex = forms.ChoiceField(
        label=_("性别"),
        required=False,
        help_text=_("身份证、户口簿、居住证不用填"),
        choices=[("", _("请选择")), *((sex.value, terms.SEXES[sex]) for sex in (Sex.FEMALE, Sex.MALE))],
    )
    field_order = ["kind", "number", "name", "birth_date", "sex"]

    def identity(self) -> IdentityGiven:
        data = self.cleaned_data
        return IdentityGiven(
            name=data["name"],
            kind=self.identity_kind(),
            number=data["number"],
            birth_date=data["birth_date"],
            sex=Sex(data["sex"] or Sex.UNKNOWN),
        )


def asked_day(text: str | None, otherwise: date) -> date:
    """The day in an address; another where it says none, or one that no calendar of ours has."""
    try:
        asked = date.fromisoformat(text or "")
    except ValueError:
        return otherwise
    return asked if days.is_within(asked) else otherwise
