"""What a hospital is given to make its number, said beside the press that agrees to it (R-049)."""

from collections.abc import Collection
from uuid import UUID

from django.utils.translation import gettext as _

from yitong.core.ids import new_id
from yitong.domains.people.ports import hospital_register
from yitong.domains.people.queries import carriers, consents


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
