"""Ways in: what staff type, parsed into commands. Nothing here is ever kept in an address or a log."""

from typing import TYPE_CHECKING
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.access.contracts import AcceptInvite, ChangePassword, SeatedStaff, SignIn, SwitchUser
from yitong.faces.common.texts import Text

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LOGIN = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
CODE = {"inputmode": "numeric", "autocomplete": "one-time-code", "spellcheck": "false"}


def _password(label: "StrOrPromise", kind: str = "current-password", **given: object) -> Text:
    return Text(
        label=label,
        max_length=500,
        strip=False,
        error_messages={"required": _("请填密码"), "max_length": _("密码太长了")},
        widget=forms.PasswordInput(attrs={"autocomplete": kind}, render_value=kind == "current-password"),
        **given,  # type: ignore[arg-type]
    )


class Enter(forms.Form):
    login = Text(
        label=_("工号"),
        max_length=80,
        error_messages={"required": _("请填工号")},
        widget=forms.TextInput(attrs={**LOGIN, "autofocus": True}),
    )
    password = _password(_("密码"))
    code = Text(
        label=_("动态口令"),
        max_length=40,
        required=False,
        help_text=_("验证器应用里的 6 位数字；设备不在身边可以用恢复码"),
        widget=forms.TextInput(attrs=CODE),
    )

    def to_command(self, terminal_token: str | None) -> SignIn:
        data = self.cleaned_data
        return SignIn(data["login"], data["password"], data["code"].strip() or None, terminal_token)


class _Twice(forms.Form):
    """A new password, typed twice."""

    new = _password(_("新密码"), "new-password", help_text=_("至少 10 个字符，不要用常见的词或只用数字"))
    again = _password(_("再填一次新密码"), "new-password")

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", _("两次填的不一样"))
        return data


class Invite(_Twice):
    login = Text(
        label=_("工号"),
        max_length=80,
        error_messages={"required": _("请填工号")},
        widget=forms.TextInput(attrs={**LOGIN, "autofocus": True}),
    )
    invite = Text(
        label=_("邀请码"),
        max_length=80,
        help_text=_("管理员给您的一次性代码，七天内有效"),
        error_messages={"required": _("请填邀请码")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ["login", "invite", "new", "again"]

    def to_command(self) -> AcceptInvite:
        return AcceptInvite(self.cleaned_data["login"], self.cleaned_data["invite"], self.cleaned_data["new"])


class Password(_Twice):
    old = _password(_("现在的密码"))
    field_order = ["old", "new", "again"]

    def to_command(self, token: str) -> ChangePassword:
        return ChangePassword(token, self.cleaned_data["old"], self.cleaned_data["new"])


class Pin(forms.Form):
    pin = Text(
        label=_("今天的 PIN"),
        max_length=20,
        help_text=_("6 位数字，不要全相同或连号；只在这台电脑、今天有效"),
        error_messages={"required": _("请填 PIN")},
        widget=forms.PasswordInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )


class Code(forms.Form):
    """The first code of a new authenticator. `uri` shows the same picture again after a wrong one."""

    uri = forms.RegexField(r"^otpauth://totp/[^\s\"<>]{1,400}$", widget=forms.HiddenInput)
    secret = forms.RegexField(r"^[A-Z2-7]{16,64}$", widget=forms.HiddenInput)
    code = Text(
        label=_("验证器显示的 6 位数字"),
        max_length=12,
        error_messages={"required": _("请填 6 位数字")},
        widget=forms.TextInput(attrs={**CODE, "autofocus": True}),
    )


class Switch(forms.Form):
    secret = Text(
        label=_("PIN 或密码"),
        max_length=500,
        strip=False,
        error_messages={"required": _("请填 PIN 或密码")},
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *given: object, seated: list[SeatedStaff], **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.seated = {str(one.staff_id): one for one in seated}
        self.fields["staff"] = forms.ChoiceField(
            label=_("谁来接着用"),
            choices=[(key, one.name) for key, one in self.seated.items()],
            widget=forms.RadioSelect,
            error_messages={"required": _("请选人"), "invalid_choice": _("请选人")},
        )
        self.order_fields(["staff", "secret"])

    def to_command(self, terminal_token: str) -> SwitchUser:
        """A PIN where the person has set one today and digits were typed; else the password."""
        one, secret = self.seated[self.cleaned_data["staff"]], self.cleaned_data["secret"]
        if one.has_pin and secret.isdigit():
            return SwitchUser(terminal_token, one.staff_id, pin=secret)
        return SwitchUser(terminal_token, one.staff_id, password=secret)


class ChooseHospital(forms.Form):
    hospital = forms.UUIDField(error_messages={"required": _("请选医院"), "invalid": _("请选医院")})

    def chosen(self) -> UUID:
        hospital: UUID = self.cleaned_data["hospital"]
        return hospital
