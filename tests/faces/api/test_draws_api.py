"""Draws over the API: found, applied to by a family, changed, withdrawn, won; rank, proof and file; whom it refuses."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests import clinic, make
from tests import draws as build
from tests.faces.api.conftest import Caller
from tests.faces.api.test_bookings_api import holder_with_patient

from yitong.core import clock
from yitong.core.hashlog.merkle import Hash, is_included, leaf_hash
from yitong.core.lots.verify import verify
from yitong.domains.access.contracts import Scope
from yitong.domains.draws import models
from yitong.domains.draws.ports import beacon
from yitong.domains.people.commands import proving
from yitong.domains.people.contracts.words import Verdict

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R-017")]


@pytest.fixture(autouse=True)
def _beacon() -> Iterator[None]:
    before = beacon.taken()
    build.plug()
    yield
    beacon.plug(before)


def path_of(place: build.Place, more: str = "") -> str:
    return f"/hospitals/{place.hospital_id}/draws/{place.draw_id}{more}"


def entry_path(place: build.Place, entry_id: object, more: str = "") -> str:
    return f"/hospitals/{place.hospital_id}/draw-entries/{entry_id}{more}"


def wish(place: build.Place, *patients: object, sessions: tuple[UUID, ...] = ()) -> dict:
    chosen = [str(one) for one in sessions or place.sessions]
    return {"patient_ids": [str(one) for one in patients], "session_ids": chosen}


def opened(**how: object) -> build.Place:
    """A draw that takes entries now."""
    return build.opened(release_at=make.NOW + timedelta(hours=5), now=make.NOW - timedelta(hours=22), **how)


def announced(place: build.Place, days: int) -> build.Place:
    """One more of the hospital, in another department."""
    department_id = make.department(place.hospital_id)
    release_at = make.NOW + timedelta(days=days)
    return build.planned(hospital_id=place.hospital_id, department_id=department_id, release_at=release_at)


def settled(place: build.Place) -> None:
    build.closed(place)
    build.advance(place, build.after_beacon(place))
    build.reveal(place)
    build.advance(place, build.after_beacon(place))


def child_of(holder: Caller) -> str:
    given = clinic.identity(birth=date(2016, 5, 1))
    body = {"name": given.name, "kind": "resident_id", "number": given.number, "relation": "child"}
    body["guardian_consent"] = "本人是监护人"
    added = holder.post("/me/patients", body).json
    system = clinic.Actor.system("test")
    proving.note_verdict(added["patient_id"], added["verification_id"], Verdict.MATCH, actor=system, now=make.NOW)
    return str(added["patient_id"])


def test_anybodys_draws_are_paged_and_kept_by_their_tag(caller: Callable) -> None:
    first = opened()
    others = [announced(first, days) for days in (2, 3)]
    api = caller(Scope.CATALOGUE)
    path = f"/hospitals/{first.hospital_id}/draws"
    page = api.get(f"{path}?limit=2")
    rest = api.get(f"{path}?limit=2&cursor={page.json['next_cursor']}")
    again = api.get(path, If_None_Match=api.get(path).headers["ETag"])
    elsewhere = api.get(f"{path}?department_id={make.department(first.hospital_id)}")

    assert [one["draw_id"] for one in page.json["items"]] == [str(others[1].draw_id), str(others[0].draw_id)]
    assert [one["draw_id"] for one in rest.json["items"]] == [str(first.draw_id)]
    assert rest.json["next_cursor"] is None
    assert (again.status, elsewhere.json["items"]) == (304, [])
    assert api.get(f"{path}?cursor={page.json['next_cursor']}x").json["code"] == "CURSOR_INVALID"


def test_a_page_of_draws_costs_as_much_for_one_as_for_many(caller: Callable) -> None:
    place = opened()
    api, path = caller(Scope.CATALOGUE), f"/hospitals/{place.hospital_id}/draws"
    api.get(path)
    with CaptureQueriesContext(connection) as one:
        api.get(path)
    for days in range(2, 8):
        announced(place, days)
    with CaptureQueriesContext(connection) as many:
        assert len(api.get(path).json["items"]) == 7
    assert len(many) == len(one)


def test_terms_are_there_from_the_first_and_secrets_only_at_the_end(caller: Callable) -> None:
    place = opened(slots=(2,))
    api = caller(Scope.CATALOGUE)
    early = api.get(path_of(place)).json
    none_yet = api.get(path_of(place, "/file"))
    build.apply(place, now=make.NOW)
    settled(place)
    late = api.get(path_of(place)).json

    assert (early["state"], early["seed"], early["has_file"]) == ("opened", None, False)
    assert early["promises"]["operator"] == bytes(place.row.operator_promise).hex()
    assert early["secrets"] == {"operator": None, "hospital": None}
    assert early["sessions"][0]["places"] == 2
    assert early["opens_at"].endswith("+08:00")
    assert (none_yet.status, none_yet.json["code"]) == (404, "DRAW_FILE_NOT_FOUND")
    assert (late["state"], late["has_file"], late["count"]) == ("settled", True, 1)
    assert late["secrets"]["hospital"] == build.SECRET.hex()
    assert late["root"] == bytes(place.row.root or b"").hex()
    assert late["counts"] == [{"weight": late["weights"]["base"], "entries": None, "won": None}]


def test_the_file_is_anybodys_and_whole(caller: Callable) -> None:
    place = opened()
    build.apply(place, now=make.NOW)
    settled(place)
    api = caller(Scope.CATALOGUE)
    sent = {"Authorization": f"Bearer {api.key}", "Accept-Encoding": "identity"}
    answer = api.client.get(f"/api/v1{path_of(place, '/file')}", headers=sent)

    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert verify(answer.content.splitlines(keepends=True), published_root=place.draw.root).is_whole
    unchanged = api.client.get(
        f"/api/v1{path_of(place, '/file')}", headers={**sent, "If-None-Match": answer.headers["ETag"]}
    )
    assert unchanged.status_code == 304


def test_a_family_applies_once_changes_its_mind_and_wins(caller: Callable) -> None:
    place = opened(slots=(1, 3))
    holder, own = holder_with_patient(caller())
    child = child_of(holder)
    body = wish(place, own, child)
    first, again = (holder.post(path_of(place, "/entries"), body, Idempotency_Key="one-act-1") for _ in range(2))
    other = holder.post(path_of(place, "/entries"), wish(place, own), Idempotency_Key="one-act-1")
    twice = holder.post(path_of(place, "/entries"), wish(place, child))
    entry = entry_path(place, first.json["entry_id"])
    ticket = holder.get(entry).json["ticket"]
    swapped = {"session_ids": [str(place.sessions[1]), str(place.sessions[0])]}
    changed = holder.post(f"{entry}/change", swapped)
    settled(place)
    won = holder.get(entry).json

    assert (first.status, first.json["state"]) == (201, "applied")
    assert first.json == again.json
    assert (other.status, other.json["code"]) == (409, "KEY_REUSED")
    assert (twice.status, twice.json["code"]) == (409, "DRAW_APPLIED")
    assert changed.json["state"] == "applied"
    assert (won["state"], won["rank"], won["given"], won["ticket"]) == ("won", 1, str(place.sessions[1]), ticket)
    assert won["patient_ids"] == [own, child]
    bookings = [holder.get(f"/hospitals/{place.hospital_id}/bookings/{one}").json for one in won["bookings"]]
    assert [(one["patient_id"], one["state"]) for one in bookings] == [(own, "confirmed"), (child, "confirmed")]
    assert [one["entry_id"] for one in holder.get("/me/draws").json["items"]] == [first.json["entry_id"]]


def test_a_mind_is_changed_no_more_often_than_one_may_apply(caller: Callable) -> None:
    place = opened(slots=(1, 3))
    holder, own = holder_with_patient(caller())
    entry = entry_path(place, holder.post(path_of(place, "/entries"), wish(place, own)).json["entry_id"])
    sessions = [str(one) for one in place.sessions]
    answers = [holder.post(f"{entry}/change", {"session_ids": sessions[:: (-1) ** n]}) for n in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert answers[-1].json["code"] == "RATE_LIMITED"


def test_the_proof_leads_from_ones_own_line_to_the_root_that_was_published(caller: Callable) -> None:
    place = opened()
    holder, own = holder_with_patient(caller())
    for _ in range(4):
        build.apply(place, now=make.NOW)
    entry = entry_path(place, holder.post(path_of(place, "/entries"), wish(place, own)).json["entry_id"])
    early = holder.get(f"{entry}/proof")
    settled(place)
    proof = holder.get(f"{entry}/proof").json

    assert (early.status, early.json["code"]) == (404, "DRAW_PROOF_NOT_FOUND")
    assert f'"ticket":"{holder.get(entry).json["ticket"]}"' in proof["line"]
    assert proof["root"] == holder.get(path_of(place)).json["root"]
    leaf = leaf_hash(proof["line"].encode(), Hash.SHA_256)
    path = tuple(bytes.fromhex(one) for one in proof["path"])
    root = bytes.fromhex(proof["root"])
    assert is_included(leaf, proof["index"], proof["leaves"], path, root, Hash.SHA_256)
    forged = leaf_hash(proof["line"].replace('"places":1', '"places":2').encode(), Hash.SHA_256)
    assert not is_included(forged, proof["index"], proof["leaves"], path, root, Hash.SHA_256)


def test_an_entry_is_withdrawn_until_closing_and_leaves_no_proof(caller: Callable) -> None:
    place = opened()
    holder, own = holder_with_patient(caller())
    gone = entry_path(place, holder.post(path_of(place, "/entries"), wish(place, own)).json["entry_id"])
    withdrawn = holder.post(f"{gone}/withdraw")
    stays = entry_path(place, holder.post(path_of(place, "/entries"), wish(place, own)).json["entry_id"])
    settled(place)

    assert withdrawn.json["state"] == "withdrawn"
    assert holder.get(f"{gone}/proof").json["code"] == "DRAW_PROOF_NOT_FOUND"
    assert sorted(one["state"] for one in holder.get("/me/draws").json["items"]) == ["withdrawn", "won"]
    with clock.frozen(place.row.closes_at):
        late = [holder.post(f"{stays}/withdraw"), holder.post(path_of(place, "/entries"), wish(place, own))]
    assert [(one.status, one.json["code"], one.json["rule_id"]) for one in late] == [
        (409, "DRAW_NOT_OPEN", "R-017")
    ] * 2


def test_strangers_other_hospitals_and_channels_without_a_holder_are_refused(caller: Callable) -> None:
    place, elsewhere = opened(), opened()
    holder, own = holder_with_patient(caller())
    stranger, _ = holder_with_patient(caller(), "19900002222", "device-of-a-test-0002")
    entry_id = holder.post(path_of(place, "/entries"), wish(place, own)).json["entry_id"]
    entry = entry_path(place, entry_id)
    before = models.DrawEntry.objects.values().get()

    for way in ("", "/proof"):
        assert (stranger.get(f"{entry}{way}").status, stranger.get(f"{entry}{way}").json["code"]) == (
            404,
            "DRAW_ENTRY_NOT_FOUND",
        )
        assert holder.get(entry_path(elsewhere, entry_id, way)).status == 404
        assert caller().get(f"{entry}{way}").status == 401
        assert caller(Scope.CATALOGUE).get(f"{entry}{way}").status in (401, 403)
    for act, body in (("withdraw", None), ("change", {"session_ids": [str(place.sessions[0])]})):
        assert stranger.post(f"{entry}/{act}", body).json["code"] == "DRAW_ENTRY_NOT_FOUND"
        assert holder.post(entry_path(elsewhere, entry_id, f"/{act}"), body).status == 404
        assert caller().post(f"{entry}/{act}", body).status == 401
    assert stranger.post(path_of(place, "/entries"), wish(place, own)).json["code"] == "PATIENT_NOT_FOUND"
    assert caller().post(path_of(place, "/entries"), wish(place, own)).status == 401
    assert caller(Scope.BOOKINGS_READ).get(path_of(place)).json["code"] == "SCOPE_MISSING"
    assert stranger.get("/me/draws").json == {"items": []}
    assert models.DrawEntry.objects.values().get() == before


def test_what_the_draw_does_not_give_is_refused(caller: Callable) -> None:
    place, elsewhere = opened(), opened()
    holder, own = holder_with_patient(caller())
    unclear = holder.post(path_of(place, "/entries"), {"patient_ids": [], "session_ids": []})
    foreign = holder.post(path_of(place, "/entries"), wish(place, own, sessions=elsewhere.sessions))
    none = holder.post(f"/hospitals/{place.hospital_id}/draws/{elsewhere.draw_id}/entries", wish(place, own))

    assert {error["field"] for error in unclear.json["errors"]} == {"body.patient_ids", "body.session_ids"}
    assert (foreign.status, foreign.json["code"]) == (422, "DRAW_CHOICES")
    assert (none.status, none.json["code"]) == (404, "DRAW_NOT_FOUND")
    assert not models.DrawEntry.objects.exists()


def test_a_void_draw_says_by_whose_silence(caller: Callable) -> None:
    place = build.planned()
    build.advance(place, place.row.opens_at)
    seen = caller(Scope.CATALOGUE).get(path_of(place)).json
    assert (seen["state"], seen["void_reason"], seen["promises"]["hospital"]) == ("void", "hospital", None)
