"""What the commands of hospitals share: writing facts, importing files, the search entries, the event."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.core.events import Event
from yitong.core.ids import new_id
from yitong.domains.hospitals import models, permissions, rules
from yitong.domains.hospitals.contracts.events import MasterDataImported
from yitong.domains.hospitals.contracts.writes import Imported, SeenFacts, seen_of
from yitong.domains.hospitals.errors import FactsChanged, HospitalMissing
from yitong.domains.hospitals.permissions import Action

How = Literal["added", "changed", "unchanged"]
ByCode = type[models.Campus] | type[models.Department] | type[models.Practitioner]
BATCH = 1000


def announce(event: Event, actor: Actor, now: datetime) -> None:
    """In the order of one hospital's changes."""
    events.append(event, actor, at=now, shard=f"hospital:{event.hospital_id or 'city'}")


def locked_hospital(hospital_id: UUID) -> models.Hospital:
    """The row that all changes of one hospital's data wait for. Refuses HospitalMissing."""
    rows = models.Hospital.objects.select_for_update(of=("self",)).filter(id=hospital_id)
    row = rows.order_by("pk").first()
    if row is None:
        raise HospitalMissing()
    return row


def plain(facts: Any) -> dict[str, object]:
    """The fields of a frozen dataclass as a row holds them: words without outer blanks, lists for tuples."""
    return {name: _stored(value) for name, value in asdict(facts).items()}


def _stored(value: object) -> object:
    match value:
        case StrEnum():
            return value.value
        case str():
            return value.strip()
        case tuple():
            return [_stored(item) for item in value]
    return value


def differs(row: Any, values: dict[str, object]) -> bool:
    """Whether the row says something else; a new one does."""
    return row._state.adding or any(getattr(row, name) != value for name, value in values.items())


def check_seen(seen: str, stands: SeenFacts, wanted: SeenFacts | None = None) -> None:
    """Call with what stands under the lock. Refuses FactsChanged where it is neither what was seen nor what is wanted:
    so a second press of the same change is no conflict with the first."""
    if seen != seen_of(stands) and (wanted is None or plain(stands) != plain(wanted)):
        raise FactsChanged()


def write(row: Any, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    if row._state.adding:
        row.save(force_insert=True)
    else:
        row.save(update_fields=list(values))


def ids_by_code(model: ByCode, hospital_id: UUID) -> dict[str, UUID]:
    return dict(model.objects.filter(hospital_id=hospital_id).values_list("code", "id"))


@dataclass
class Merged:
    """What an import did to each row."""

    added: list[Any] = field(default_factory=list)
    changed: list[Any] = field(default_factory=list)
    unchanged: list[Any] = field(default_factory=list)

    def count(self, row: Any, how: How) -> None:
        {"added": self.added, "changed": self.changed, "unchanged": self.unchanged}[how].append(row)

    @property
    def touched(self) -> list[Any]:
        return self.added + self.changed

    def by_code(self) -> dict[str, Any]:
        return {row.code: row for row in self.touched + self.unchanged}

    def note_changed(self, ids: set[UUID]) -> None:
        """Rows whose own fields stood but whose seats changed."""
        self.changed += [row for row in self.unchanged if row.id in ids]
        self.unchanged = [row for row in self.unchanged if row.id not in ids]


def begin_import(hospital_id: UUID, codes: Sequence[str], actor: Actor) -> None:
    """Refuses Forbidden, HospitalMissing, FactsInvalid (a code twice, too many rows). Locks: Hospital."""
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, hospital_id)
    rules.check_rows(codes)
    locked_hospital(hospital_id)


def finish_import(what: str, hospital_id: UUID, done: Merged, actor: Actor, now: datetime) -> Imported:
    counts = Imported(len(done.added), len(done.changed), len(done.unchanged))
    if done.touched:
        event = MasterDataImported(
            hospital_id=hospital_id,
            subject_id=hospital_id,
            what=what,
            added=counts.added,
            changed=counts.changed,
            unchanged=counts.unchanged,
        )
        announce(event, actor, now)
    return counts


def merge(model: ByCode, hospital_id: UUID, rows: Iterable[tuple[str, dict[str, object]]]) -> Merged:
    """Adds the codes that are new, changes the rows that differ. Rows that the file does not name stay as they are."""
    known = {row.code: row for row in model.objects.filter(hospital_id=hospital_id)}
    done = Merged()
    names: set[str] = set()
    for code, values in rows:
        names.update(values)
        row = known.get(code)
        if row is None:
            done.count(model(id=new_id(), hospital_id=hospital_id, **values), "added")
            continue
        how: How = "changed" if differs(row, values) else "unchanged"
        for name, value in values.items():
            setattr(row, name, value)
        done.count(row, how)
    model._default_manager.bulk_create(done.added, batch_size=BATCH)
    if done.changed:
        model._default_manager.bulk_update(done.changed, sorted(names), batch_size=BATCH)
    return done


def seat(wanted: dict[UUID, list[UUID]]) -> set[UUID]:
    """Puts practitioners into their departments, the home department first. Gives those who moved."""
    rows = models.PractitionerDepartment.objects.filter(practitioner_id__in=wanted).order_by("position")
    seats: dict[UUID, list[UUID]] = {}
    for practitioner_id, department_id in rows.values_list("practitioner_id", "department_id"):
        seats.setdefault(practitioner_id, []).append(department_id)
    moved = {one for one, departments in wanted.items() if seats.get(one, []) != departments}
    models.PractitionerDepartment.objects.filter(practitioner_id__in=moved & set(seats)).delete()
    models.PractitionerDepartment.objects.bulk_create(
        [
            models.PractitionerDepartment(practitioner_id=one, department_id=department_id, position=position)
            for one in sorted(moved)
            for position, department_id in enumerate(wanted[one])
        ],
        batch_size=BATCH,
    )
    return moved


def index_hospital(row: models.Hospital) -> None:
    names = [row.name, row.short_name, row.name_en, row.short_name_en, *row.specialties]
    _index([_entry("hospital", 0, row.id, row.id, row.name, row.name_en, names)])


def index_departments(rows: Sequence[models.Department]) -> None:
    _index(
        [
            _entry(
                "department",
                1,
                row.id,
                row.hospital_id,
                row.name,
                row.name_en,
                [row.name, row.name_en],
                department_id=row.id,
                is_shown=row.is_bookable,
            )
            for row in rows
        ]
    )


def index_practitioners(rows: Sequence[models.Practitioner]) -> None:
    """Each under the home department. Call after `seat`."""
    homes = dict(
        models.PractitionerDepartment.objects.filter(
            practitioner_id__in=[row.id for row in rows], position=0
        ).values_list("practitioner_id", "department_id")
    )
    _index(
        [
            _entry(
                "practitioner",
                2,
                row.id,
                row.hospital_id,
                row.name,
                row.name_en,
                [row.name, row.name_en],
                department_id=homes.get(row.id),
                title=row.title,
                is_shown=row.is_active,
            )
            for row in rows
        ]
    )


def _entry(
    kind: str,
    rank: int,
    item_id: UUID,
    hospital_id: UUID,
    name: str,
    name_en: str,
    names: list[str],
    *,
    department_id: UUID | None = None,
    title: str | None = None,
    is_shown: bool = True,
) -> models.SearchEntry:
    return models.SearchEntry(
        kind=kind,
        rank=rank,
        item_id=item_id,
        hospital_id=hospital_id,
        department_id=department_id,
        name=name,
        name_en=name_en,
        title=title,
        terms=rules.search_terms(names),
        is_shown=is_shown,
    )


def _index(entries: list[models.SearchEntry]) -> None:
    models.SearchEntry.objects.bulk_create(
        entries,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["item_id"],
        update_fields=["department_id", "name", "name_en", "title", "terms", "is_shown"],
    )
