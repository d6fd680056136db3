"""One search over hospitals, departments and doctors."""

from typing import NamedTuple
from uuid import UUID

from django.db import connection

from yitong.domains.hospitals import rules
from yitong.domains.hospitals.contracts.things import FoundItem, Title

SEARCH = """
SELECT e.kind, e.hospital_id, e.item_id, e.name, e.name_en, e.department_id, e.title,
       h.short_name, h.short_name_en, h.name_en, h.district, h.level, d.name, d.name_en, c.name, c.name_en
FROM hospitals_search_entry e
JOIN hospitals_hospital h ON h.id = e.hospital_id AND h.is_open
LEFT JOIN hospitals_department d ON d.id = e.department_id
LEFT JOIN hospitals_campus c ON c.id = d.campus_id
WHERE e.terms LIKE %(like)s AND e.is_shown
ORDER BY CASE WHEN position(%(word)s IN e.terms) > 0 THEN 0 WHEN position(%(start)s IN e.terms) > 0 THEN 1 ELSE 2 END,
         e.rank, h.code, e.name, e.item_id
LIMIT %(n)s
"""


def search(text: str, limit: int = 20) -> list[FoundItem]:
    """Hospitals, departments and doctors whose name, pinyin or initials hold the text: one query, the best first."""
    wanted = rules.asked(text)
    if not wanted:
        return []
    escaped = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    bounds: dict[str, str | int] = {
        "like": f"%{escaped}%",
        "word": f" {wanted} ",
        "start": f" {wanted}",
        "n": max(1, min(limit, 50)),
    }
    with connection.cursor() as cursor:  # by hand: each key typed asks it, and it took longer to build than to answer
        cursor.execute(SEARCH, bounds)
        return [_found(_Entry(*row)) for row in cursor.fetchall()]


class _Entry(NamedTuple):
    """A row of SEARCH. Of the department: the one that was found, or the one in which a doctor sits."""

    kind: str
    hospital_id: UUID
    item_id: UUID
    name: str
    name_en: str
    department_id: UUID | None
    title: str | None
    hospital: str
    hospital_en: str
    hospital_full_en: str
    district: str
    level: str
    department: str | None
    department_en: str | None
    campus: str
    campus_en: str


def _found(row: _Entry) -> FoundItem:
    place, place_en = [row.hospital], [row.hospital_en or row.hospital_full_en]
    if row.kind == "hospital":
        place, place_en = [row.district, row.level], [row.hospital_full_en]
    elif row.kind == "department" and row.department is not None:
        place.append(row.campus)
        place_en.append(row.campus_en or row.campus)
    elif row.department is not None:
        place.append(row.department)
        place_en.append(row.department_en or row.department)
    return FoundItem(
        row.kind,
        row.hospital_id,
        row.item_id,
        row.name,
        " · ".join(place),
        row.department_id,
        None if row.title is None else Title(row.title),
        row.name_en,
        " · ".join(place_en),
    )
