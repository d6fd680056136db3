"""Words for the ids in messages: implements notify's FactSource by asking the domains above it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from uuid import UUID

from yitong.core import masks
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.notify.contracts import FactAsk
from yitong.domains.people import queries as people

Words = dict[UUID, str]


class DomainFacts:
    """However many messages are asked for: one query for patients and hospitals each, three for each hospital."""

    def words(self, asks: Sequence[FactAsk], language: str, *, masked: bool) -> list[dict[str, str]]:
        wanted: dict[str, set[UUID]] = defaultdict(set)
        by_hospital: dict[UUID, dict[str, set[UUID]]] = defaultdict(lambda: defaultdict(set))
        for ask in asks:
            hospital_id = _id(ask.ids.get("hospital_id"))
            for name, value in ask.ids.items():
                found = _id(value) if name.endswith("_id") else None
                if found is not None:
                    wanted[name].add(found)
                    if hospital_id is not None:
                        by_hospital[hospital_id][name].add(found)
        known = self._people(wanted["patient_id"], masked=masked) | self._hospitals(wanted["hospital_id"], language)
        for hospital_id, ids in by_hospital.items():
            known |= self._places(hospital_id, ids, language)
        return [
            {
                name: known[found]
                for name, value in ask.ids.items()
                if (found := _id(value)) is not None and found in known
            }
            for ask in asks
        ]

    @staticmethod
    def _people(ids: set[UUID], *, masked: bool) -> Words:
        shown: Callable[[str], str] = masks.name if masked else str
        return {patient_id: shown(name) for patient_id, name in people.names_of(ids).items()} if ids else {}

    @staticmethod
    def _hospitals(ids: set[UUID], language: str) -> Words:
        if not ids:
            return {}
        rows = [one for one in hospitals.list_hospitals(with_closed=True) if one.hospital_id in ids]
        return {one.hospital_id: (one.name_en if language == "en" else one.name) or one.name for one in rows}

    @staticmethod
    def _places(hospital_id: UUID, ids: dict[str, set[UUID]], language: str) -> Words:
        words: Words = {}
        if ids["department_id"]:
            for key, department in hospitals.departments_by_id(hospital_id, ids["department_id"]).items():
                words[key] = (department.name_en if language == "en" else department.name) or department.name
        if ids["practitioner_id"]:
            for key, doctor in hospitals.practitioners_by_id(hospital_id, ids["practitioner_id"]).items():
                words[key] = (doctor.name_en if language == "en" else doctor.name) or doctor.name
        if ids["campus_id"]:
            for campus in hospitals.list_campuses(hospital_id, with_closed=True):
                words[campus.campus_id] = (campus.name_en if language == "en" else campus.name) or campus.name
        return words


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text and len(text) == 36 else None
    except ValueError:
        return None
