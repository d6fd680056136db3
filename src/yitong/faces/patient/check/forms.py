"""The check: questions with their answers to choose from, a code instead, and the words for a person."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.fairness.contracts import AnswerCheck, AskReview, Question
from yitong.faces.common.texts import Text
from yitong.faces.common.words import Reader
from yitong.faces.patient.me.forms import CODE


class Answers(forms.Form):
    """A group of radio buttons for each question, in the reader's language."""

    def __init__(self, asked: Sequence[Question], reader: Reader, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        language = 1 if reader.is_english else 0
        for n, question in enumerate(asked):
            self.fields[f"answer_{n}"] = forms.TypedChoiceField(
                label=question.text[language],
                choices=[(place, words[language]) for place, words in enumerate(question.options)],
                coerce=int,
                widget=forms.RadioSelect,
                error_messages={"required": _("请选一个")},
            )

    def to_command(self) -> AnswerCheck:
        return AnswerCheck(tuple(self.cleaned_data[name] for name in self.fields))


class Code(forms.Form):
    code = Text(
        label=_("短信里的验证码"),
        max_length=12,
        error_messages={"required": _("请填短信里的 6 位数字")},
        widget=forms.TextInput(attrs=CODE),
    )


class Review(forms.Form):
    words = Text(
        label=_("请说明情况"),
        max_length=500,
        help_text=_("由人工复核，结果会发消息给您"),
        error_messages={"required": _("请写几句话说明")},
        widget=forms.Textarea(attrs={"rows": "4"}),
    )

    def to_command(self) -> AskReview:
        return AskReview(self.cleaned_data["words"])
