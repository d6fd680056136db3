"""Whose old phone is gone comes to the window with his document, and goes with another phone (R-048)."""

import re
from collections.abc import Callable

import pytest
from tests import clinic as build
from tests import make
from tests.faces.desk.conftest import Desk, Hospital

from yitong.core.ids import new_id
from yitong.domains.people import models as people
from yitong.domains.people.contracts.words import Relation

Sit = Callable[..., Desk]


def document(given: object) -> dict[str, str]:
    return {"kind": given.kind.value, "number": given.number, "name": given.name}  # type: ignore[attr-defined]


def path(patient: object) -> str:
    return f"/desk/patients/{patient}/phone/"


def proof_in(page: str) -> str:
    found = re.search(r'name="proof" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.rule("R-048")
def test_document_and_a_code_to_the_new_phone_change_it(hospital: Hospital, desk: Sit) -> None:
    given, new = build.identity(), make.phone()
    actor, patient = build.holder(given)
    window = desk("registrar")
    assert path(patient) in window.get(f"/desk/patients/{patient}/").content.decode()
    asked = window.post(path(patient), **document(given), new_phone=new)
    assert asked.status_code == 200
    assert f'name="new_phone" value="{new}"' in asked.content.decode()
    code, proof = make.code_sent(new), proof_in(asked.content.decode())
    wrong = window.post(path(patient), new_phone=new, proof=proof, new_code="000000" if code != "000000" else "111111")
    assert wrong.status_code == 422
    assert proof_in(wrong.content.decode()) == proof
    assert f'name="new_phone" value="{new}"' in wrong.content.decode()
    done = window.post(path(patient), new_phone=new, proof=proof, new_code=code)
    assert (done.status_code, done.headers["Location"]) == (303, f"/desk/patients/{patient}/")
    assert people.Account.objects.get(id=actor.account_id).phone == new


@pytest.mark.rule("R-001")
def test_a_code_that_was_sent_for_another_document_moves_no_account(hospital: Hospital, desk: Sit) -> None:
    """Else whoever sits at a window could take the account of everybody who was seen at one."""
    mine, new, window = build.identity(), make.phone(), desk("registrar")
    _actor, patient = build.holder(mine)
    victim, theirs = build.holder(build.identity())
    people.Patient.objects.filter(id=theirs).update(level="seen")
    before = people.Account.objects.get(id=victim.account_id).phone
    asked = window.post(path(patient), **document(mine), new_phone=new)
    code, proof = make.code_sent(new), proof_in(asked.content.decode())
    for shown in (proof, "", "forged"):
        answer = window.post(path(theirs), new_phone=new, proof=shown, new_code=code)
        assert answer.status_code == 422
        assert "证件信息与预约信息不一致" in answer.content.decode()
    assert people.Account.objects.get(id=victim.account_id).phone == before


@pytest.mark.rule("R-001")
def test_another_document_sends_no_code_and_makes_no_record(hospital: Hospital, desk: Sit) -> None:
    _actor, patient = build.holder(build.identity())
    new, records = make.phone(), people.Patient.objects.count()
    answer = desk("registrar").post(path(patient), **document(build.identity()), new_phone=new)
    assert answer.status_code == 422
    assert "证件信息与预约信息不一致" in answer.content.decode()
    assert people.Patient.objects.count() == records
    assert not people.SignInCode.objects.filter(sent_at__gte=make.NOW, purpose="take_phone").exists()


def test_who_has_no_account_of_his_own_is_told_so(hospital: Hospital, desk: Sit) -> None:
    given = build.identity()
    patient = build.patient(hospital.id, given)
    answer = desk("registrar").post(path(patient), **document(given), new_phone=make.phone())
    assert answer.status_code == 404
    assert "没有找到这个账号" in answer.content.decode()
    child, (parent, _own) = build.identity(), build.holder()
    known = build.add_patient(parent, child, relation=Relation.OTHER)
    assert desk("registrar").post(path(known), **document(child), new_phone=make.phone()).status_code == 404


def test_what_is_no_phone_is_refused_beside_the_form(hospital: Hospital, desk: Sit) -> None:
    given = build.identity()
    _actor, patient = build.holder(given)
    answer = desk("registrar").post(path(patient), **document(given), new_phone="12", key=str(new_id()))
    assert answer.status_code == 422
    assert given.number in answer.content.decode()
