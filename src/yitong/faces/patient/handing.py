"""What a hospital is given to make its number, said beside the press that agrees to it (R-049)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from yitong.core.ids import new_id
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people.contracts.patients import SaidNotice
from yitong.domains.people.ports import hospital_register
from yitong.domains.people.queries import carriers, consents
from yitong.faces.common.words import Reader


@dataclass(frozen=True, slots=True)
class Handed:
    """The sentence beside a press that may lead to a booking, and for each hospital the mark in the form that it was
    said: what `consents.key_saying` makes."""

    words: str
    marks: list[UUID]


def must_say(hospital_id: UUID, patient_ids: Collection[UUID]) -> bool:
    """Whether a booking for one of these would have the hospital asked. Two queries, where it can be asked at all."""
    return hospital_register.taken().is_open and carriers.lack_numbers(patient_ids, hospital_id)


def key_for(account_id: UUID, hospital_id: UUID, *, says: bool) -> UUID:
    """The key of a form that books: it bears that the sentence stands beside it."""
    return consents.key_saying(account_id, hospital_id) if says else new_id()


def words(hospital: str, button: str) -> str:
    """The sentence. Other words, or other facts in what the hospital gets, are a new version in `NUMBER_NOTICES`."""
    return _(
        "按“%(button)s”，就是同意我们把就诊人的姓名、证件类型和号码、性别、出生日期交给%(hospital)s建档，"
        "不交手机号；已有这家医院就诊号的不用再交。不同意，可以到医院窗口办理。"
    ) % {"button": button, "hospital": hospital}


def beside(
    button: str, account_id: UUID, hospital_ids: Iterable[UUID], patient_ids: Collection[UUID], reader: Reader
) -> Handed | None:
    """What a page says of the hospitals at one of which it may come to a booking; None where none would be asked."""
    asked = [one for one in dict.fromkeys(hospital_ids) if must_say(one, patient_ids)] if patient_ids else []
    if not asked:
        return None
    names = [reader.name(hospitals.get_hospital(one)) for one in asked]
    where = names[0] if len(names) == 1 else _("约上的那家医院（%(names)s）") % {"names": _("、").join(names)}
    return Handed(words(where, button), [consents.key_saying(account_id, one) for one in asked])


def said_in(marks: Sequence[str], account_id: UUID, hospital_ids: Iterable[UUID]) -> tuple[SaidNotice, ...]:
    """Which versions stood beside the form that was sent, for these hospitals."""
    found = ((one, consents.notice_in(mark, account_id, one)) for one in dict.fromkeys(hospital_ids) for mark in marks)
    return tuple({one: SaidNotice(one, notice) for one, notice in found if notice is not None}.values())
