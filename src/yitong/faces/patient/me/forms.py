"""Account pages: phone, appeal, preferences, closing."""

from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.notify.contracts import SetPreferences, Topic
from yitong.domains.people.contracts.accounts import AppealLock, AskCode, ChangePhone, Client
from yitong.domains.people.contracts.words import CodePurpose
from yitong.faces.common.texts import Text

CODE = {"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": "12"}


class NewPhone(forms.Form):
    old_phone = Text(
        label=_("现在的手机号"),
        max_length=20,
        error_messages={"required": _("请填现在的手机号")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "tel-national"}),
    )
    new_phone = Text(
        label=_("新手机号"),
        max_length=20,
        error_messages={"required": _("请填新手机号")},
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "numeric", "autocomplete": "off"}),
    )

    def to_commands(self, client: Client, language: str) -> list[AskCode]:
        """A code to the phone that is given up, and one to the new."""
        return [
            AskCode(self.cleaned_data["old_phone"], CodePurpose.LEAVE_PHONE, client, language),
            AskCode(self.cleaned_data["new_phone"], CodePurpose.TAKE_PHONE, client, language),
        ]


class Codes(forms.Form):
    new_phone = Text(max_length=20, widget=forms.HiddenInput)
    old_code = Text(
        label=_("原手机收到的验证码"),
        max_length=12,
        error_messages={"required": _("请填短信里的 6 位数字")},
        widget=forms.TextInput(attrs=CODE),
    )
    new_code = Text(
        label=_("新手机收到的验证码"),
        max_length=12,
        error_messages={"required": _("请填短信里的 6 位数字")},
        widget=forms.TextInput(attrs=CODE),
    )

    def to_command(self, client: Client) -> ChangePhone:
        data = self.cleaned_data
        return ChangePhone(data["new_phone"], data["old_code"].strip(), data["new_code"].strip(), client)


class Appeal(forms.Form):
    lock = forms.UUIDField(widget=forms.HiddenInput, required=False)  # none where nothing is locked, only all is used
    words = Text(
        label=_("请说明情况"),
        max_length=500,
        help_text=_("由人工复核，结果会发消息给您"),
        error_messages={"required": _("请写几句话说明")},
        widget=forms.Textarea(attrs={"rows": "4"}),
    )

    def to_command(self) -> AppealLock:
        return AppealLock(self.cleaned_data["lock"], self.cleaned_data["words"])


class Preferences(forms.Form):
    """Which topics go out by SMS too; those of security always do."""

    booking = forms.BooleanField(label=_("预约、取消和停诊"), required=False)
    people = forms.BooleanField(label=_("实名核验和就诊人"), required=False)

    def to_command(self, account_id: UUID, language: str) -> SetPreferences:
        muted = tuple(topic for topic in (Topic.BOOKING, Topic.PEOPLE) if not self.cleaned_data[topic.value])
        return SetPreferences(account_id, language, muted)


class Erase(forms.Form):
    sure = forms.BooleanField(
        label=_("我明白，注销后不能恢复"), error_messages={"required": _("请先勾选，表示您已看明白")}
    )
