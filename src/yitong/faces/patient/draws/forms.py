"""An application to a draw: who goes, and where, the dearest first."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from yitong.domains.draws.contracts import Apply, ChangeEntry, Draw, Entry, WithdrawEntry
from yitong.domains.waitlist.contracts import Join, Mode, SessionKey
from yitong.faces.patient import handing
from yitong.faces.patient.booking.forms import Key
from yitong.faces.patient.waitlist.forms import Marks

NAME = '<span class="name" translate="no">{}</span>'


class Ranked(Key):
    """Each session of a draw has its own place in the order, so that nothing needs a script. `labels`: the
    sessions in the reader's language. `before`: those that are chosen already, the dearest first."""

    def __init__(
        self, data: object, *, draw: Draw, labels: Mapping[UUID, str], before: Sequence[UUID] = (), **more: object
    ) -> None:
        super().__init__(data, **more)  # type: ignore[arg-type]
        self.draw = draw
        ranks = [("", _("不要"))] + [(str(n), _("第 %(n)s 志愿") % {"n": n}) for n in range(1, len(draw.sessions) + 1)]
        chosen = before or [one.session_id for one in draw.sessions[:1] if len(draw.sessions) == 1]
        for n, one in enumerate(draw.sessions):
            self.fields[f"place_{n}"] = forms.ChoiceField(
                label=labels[one.session_id],
                required=False,
                choices=ranks,
                initial=str(chosen.index(one.session_id) + 1) if one.session_id in chosen else "",
            )

    def places(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("place_")]

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        wanted = [data.get(f"place_{n}") for n in range(len(self.draw.sessions))]
        given = [place for place in wanted if place]
        if not given:
            self.add_error("place_0", _("请至少选一个志愿"))
        elif len(set(given)) != len(given):
            self.add_error("place_0", _("两个场次不能是同一个志愿"))
        return data

    def ranked(self) -> tuple[UUID, ...]:
        """The sessions that were chosen, the dearest first."""
        data = self.cleaned_data
        places = ((data[f"place_{n}"], one.session_id) for n, one in enumerate(self.draw.sessions))
        return tuple(session_id for _, session_id in sorted((int(place), one) for place, one in places if place))


class Rerank(Ranked):
    def to_command(self, entry_id: UUID) -> ChangeEntry:
        return ChangeEntry(self.text(), self.draw.hospital_id, entry_id, self.ranked())


class Enter(Ranked):
    """`people`: (id, name)."""

    patients = forms.TypedMultipleChoiceField(
        label=_("给谁报名"),
        coerce=UUID,
        help_text=_("选几位就是一起去：要么都有号，要么都没有"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("请选择就诊人"), "invalid_choice": _("请选择就诊人")},
    )
    visit = forms.ChoiceField(
        label=_("是不是第一次看这个科室"),
        choices=[("first", _("第一次")), ("again", _("看过，复诊"))],
        initial="first",
        widget=forms.RadioSelect,
    )
    handed = Marks(required=False)

    def __init__(
        self,
        data: object,
        *,
        draw: Draw,
        labels: Mapping[UUID, str],
        people: Sequence[tuple[UUID, str]],
        **more: object,
    ) -> None:
        super().__init__(data, draw=draw, labels=labels, **more)  # type: ignore[arg-type]
        named = [(str(key), format_html(NAME, name)) for key, name in people]
        self.fields["patients"].choices = named  # type: ignore[attr-defined]

    def to_command(self, account_id: UUID) -> Apply:
        data = self.cleaned_data
        return Apply(
            key=self.text(),
            hospital_id=self.draw.hospital_id,
            draw_id=self.draw.draw_id,
            patient_ids=tuple(data["patients"]),
            session_ids=self.ranked(),
            is_first_visit=data["visit"] == "first",
            said=handing.said_in(data["handed"], account_id, [self.draw.hospital_id]),
        )


class Wait(Key):
    """In line for what one didn't win: all that it needs stands in the entry."""

    handed = Marks(required=False)

    def to_command(self, entry: Entry, account_id: UUID, session_ids: Sequence[UUID]) -> Join:
        sessions = tuple(SessionKey(entry.hospital_id, one) for one in session_ids)
        said = handing.said_in(self.cleaned_data["handed"], account_id, [entry.hospital_id])
        return Join(self.text(), entry.patient_ids, sessions, Mode.AT_ONCE, entry.is_first_visit, said)


class Withdraw(Key):
    def to_command(self, hospital_id: UUID, entry_id: UUID) -> WithdrawEntry:
        return WithdrawEntry(self.text(), hospital_id, entry_id)
