"""Many at once: a bucket gives no more than it holds, guesses at one login queue up, one joiner joins once."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from uuid import UUID

import pytest
from django.db import connections
from tests import make

from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.access import models
from yitong.domains.access.commands import limits, providers, sign_in, staff
from yitong.domains.access.contracts import AddStaff, RoleName, SetProvider, SignIn

NOW = make.NOW
HERE = UUID(int=11)


def at_once(run: Callable[[], object], times: int) -> Counter[str]:
    """The codes of the refusals, `ok` for those that went through."""

    def one(_: int) -> str:
        try:
            run()
        except Refusal as refusal:
            return refusal.code
        else:
            return "ok"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        return Counter(pool.map(one, range(times)))


@pytest.mark.rule("R-212")
def test_bucket_gives_no_more_than_it_holds(committed_db: None) -> None:
    seen = at_once(lambda: limits.take_token("channel:x", 6, NOW), 40)
    assert seen == {"ok": 6, "RATE_LIMITED": 34}


@pytest.mark.rule("R-205")
@pytest.mark.parametrize("known", [True, False])
def test_guesses_at_once_count_each(committed_db: None, known: bool) -> None:
    login = make.staff_member("nurse", hospital_id=HERE).login if known else "nobody"
    seen = at_once(lambda: sign_in.sign_in(SignIn(login, "wrong"), now=NOW), 16)
    assert seen == {"SIGN_IN_FAILED": 4, "ACCOUNT_LOCKED": 12}
    assert models.SignInFailure.objects.get(fails__gt=0).fails == 5


def test_code_of_the_second_factor_counts_once_in_a_race(committed_db: None) -> None:
    member = make.staff_member("auditor")
    secret, _ = make.totp(member, now=NOW.replace(hour=1))
    code = make.totp_code(secret, NOW)
    seen = at_once(lambda: make.signed_in(member, code=code), 4)
    assert seen == {"ok": 1, "MFA_WRONG": 3}


def test_login_is_given_once_in_a_race(committed_db: None) -> None:
    cmd = AddStaff("li.na", "李娜", HERE, (RoleName.NURSE,))
    seen = at_once(lambda: staff.add_staff(cmd, actor=make.hospital_admin(HERE), now=NOW), 8)
    assert seen == {"ok": 1, "LOGIN_TAKEN": 7}
    assert models.StaffRole.objects.count() == 1


def test_first_provider_of_a_hospital_is_set_once_in_a_race(
    committed_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_found_none = Barrier(2, timeout=10)

    def id_once_both_looked() -> UUID:
        both_found_none.wait()
        return new_id()

    monkeypatch.setattr(providers, "new_id", id_once_both_looked)
    cmd = SetProvider(HERE, "https://sso.example", "desk", "s")
    set_it = partial(providers.set_provider, cmd, actor=make.hospital_admin(HERE), now=NOW)
    assert at_once(set_it, 2) == {"ok": 1, "BUSY": 1}
    set_it()  # asked again, it stands already
    assert models.IdentityProvider.objects.count() == 1
