"""Sign-in: phone, code, second fact."""

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.people.contracts.accounts import AskCode, Client, GiveSecondFact, SignIn
from yitong.domains.people.contracts.words import CodePurpose
from yitong.faces.common.texts import Text

NUMERIC = {"inputmode": "numeric", "maxlength": "20"}


class Phone(forms.Form):
    phone = Text(
        label=_("手机号"),
        max_length=20,
        help_text=_("我们会发一条短信验证码；没有账号会自动建一个"),
        error_messages={"required": _("请填手机号")},
        widget=forms.TextInput(attrs={"autocomplete": "tel-national", **NUMERIC}),
    )

    def to_command(self, client: Client, language: str) -> AskCode:
        return AskCode(self.cleaned_data["phone"], CodePurpose.SIGN_IN, client, language)


class Code(forms.Form):
    phone = Text(max_length=20, widget=forms.HiddenInput)
    code = Text(
        label=_("短信验证码"),
        max_length=12,
        error_messages={"required": _("请填短信里的 6 位数字")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "data-complete": "6", **NUMERIC}
        ),
    )

    def to_command(self, client: Client, language: str) -> SignIn:
        return SignIn(self.cleaned_data["phone"], self.cleaned_data["code"].strip(), client, language)


class SecondFact(forms.Form):
    fact = Text(
        label=_("任一就诊人证件号码的后 4 位"),
        max_length=8,
        help_text=_("这是新设备，或很久没有登录。多核对一步，防止手机号换人后别人看到您的信息"),
        error_messages={"required": _("请填证件号码的后 4 位")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def to_command(self, token: str) -> GiveSecondFact:
        return GiveSecondFact(token, self.cleaned_data["fact"].strip())
