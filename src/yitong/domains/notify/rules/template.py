"""What a message is made of: a topic, parameters, and its words in Chinese and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from yitong.domains.notify.contracts import Topic


class Kind(StrEnum):
    """How a parameter is put into words."""

    ID = "id"  # by the FactSource; the parameter is `department_id`, its place in the text `{department}`
    INSTANT = "instant"
    DATE = "date"
    WORD = "word"  # a number, a code, a count: as it is
    CHOICE = "choice"  # one of a few words, each with its sentence


@dataclass(frozen=True, slots=True)
class Template:
    """One message. `zh`, `en` are (title, text); SMS carries signature and text."""

    topic: Topic
    params: Mapping[str, Kind]
    zh: tuple[str, str]
    en: tuple[str, str]

    def text(self, language: str) -> tuple[str, str]:
        return self.en if language == "en" else self.zh


PATIENT = {"patient_id": Kind.ID}
BOOKING = {
    "hospital_id": Kind.ID,
    "department_id": Kind.ID,
    "practitioner_id": Kind.ID,
    "patient_id": Kind.ID,
    "starts_at": Kind.INSTANT,
}
WHAT_ZH = "{patient}在{hospital}{department}（{practitioner}）"
WHAT_EN = "{patient} at {hospital}, {department} ({practitioner})"
