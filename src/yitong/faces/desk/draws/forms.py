"""The hospital's part in a draw: the seal of its secret, later the secret."""

from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.draws.contracts import PromiseSecret, RevealSecret
from yitong.faces.common.texts import Text
from yitong.faces.desk.forms import NO_MEMORY, Key


class Digits(Key):
    """64 hexadecimal digits: whether they fit, the command says."""

    digits = Text(
        max_length=80,
        widget=forms.TextInput(attrs={**NO_MEMORY, "autocapitalize": "none"}),
        error_messages={"required": _("请粘贴 64 位十六进制数字"), "max_length": _("应为 64 位十六进制数字")},
    )


class Promise(Digits):
    def __init__(self, *given: object, **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.fields["digits"].label = _("密数的封条")
        self.fields["digits"].help_text = _("只交封条；密数留在医院自己手里，到公开时才用")

    def to_command(self, hospital_id: UUID, draw_id: UUID) -> PromiseSecret:
        return PromiseSecret(self.text(), hospital_id, draw_id, self.cleaned_data["digits"])


class Reveal(Digits):
    def __init__(self, *given: object, **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.fields["digits"].label = _("密数")
        self.fields["digits"].help_text = _("公开后谁都能看到，随即开奖")

    def to_command(self, hospital_id: UUID, draw_id: UUID) -> RevealSecret:
        return RevealSecret(self.text(), hospital_id, draw_id, self.cleaned_data["digits"])
