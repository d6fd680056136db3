"""The city's pages in a browser: a rule that patients then read, the kill switch, figures, and every page looked at."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import time as time_of_day
from datetime import timedelta
from urllib.parse import quote

import pyotp
import pytest
from django.test import Client
from playwright.sync_api import expect
from pytest_django.plugin import DjangoDbBlocker
from tests.browser import fair_weeks, practices
from tests.browser.visitors import Visitor

from yitong.cli.demo.staff import PASSWORD
from yitong.core import clock
from yitong.domains.hospitals.queries import directory as hospitals

New = Callable[..., Visitor]
SignIn = Callable[..., Visitor]
ROLES = ("city_operator", "policy_officer", "security_admin", "auditor")


def join(role: str, login: str) -> tuple[str, str]:
    """(login, secret of the second factor) of a person who joins as in life; the last code used is 30 s old."""
    from tests import make

    from yitong.domains.access.commands import second_factor, sign_in

    now = clock.now()
    invited = make.staff_member(role, login=login, now=now, password=PASSWORD)
    token = sign_in.sign_in(make.access.SignIn(invited.login, PASSWORD), now=now).token
    secret = second_factor.begin_totp(token, now=now).secret
    earlier = now - timedelta(seconds=30)
    second_factor.confirm_totp(token, pyotp.TOTP(secret).at(earlier), now=earlier)
    sign_in.sign_out(token, now=now)
    return invited.login, secret


@pytest.fixture(scope="session")
def secrets(server: str, django_db_blocker: DjangoDbBlocker) -> dict[str, tuple[str, str]]:
    """One person for each role. Once in a process: several may share a file's tests between them, in any order."""
    with django_db_blocker.unblock():
        return {role: join(role, f"browser-{role.replace('_', '-')}") for role in ROLES}


@pytest.fixture
def officer(visitor: New, secrets: dict[str, tuple[str, str]], django_db_blocker: DjangoDbBlocker) -> SignIn:
    """`officer("auditor", width="desk", language="en")`: signed in, with the session's cookie in the browser."""
    from yitong.domains.access.commands import sign_in
    from yitong.domains.access.contracts import SignIn as Given
    from yitong.faces.common.actors import STAFF_COOKIE

    def enter(role: str, **window: object) -> Visitor:
        someone = visitor(**{"width": "desk", **window})
        login, secret = secrets[role]
        with django_db_blocker.unblock():
            # Each code is good once: sessions of one person are a step of 30 s apart, on a clock of their own.
            at = clock.now() + timedelta(seconds=30 * next(STEPS[role]))
            token = sign_in.sign_in(Given(login, PASSWORD, pyotp.TOTP(secret).at(at)), now=at).token
        someone.page.context.add_cookies([{"name": STAFF_COOKIE, "value": token, "url": someone.url}])
        return someone

    return enter


def steps() -> Iterator[int]:
    n = 1
    while True:
        yield n
        n += 1


STEPS = {role: steps() for role in ROLES}


def test_the_way_in_leads_back_to_the_page(visitor: New, django_db_blocker: DjangoDbBlocker) -> None:
    someone = visitor(width="desk", scripts=False)
    someone.go("/office/policies/")
    assert f"next={quote('/office/policies/', safe='')}" in someone.page.url
    with django_db_blocker.unblock():
        login, secret = join("policy_officer", "browser-way-in")
    someone.page.locator("input[name=login]").fill(login)
    someone.page.locator("input[name=password]").fill(PASSWORD)
    someone.page.locator("main form button").first.click()
    code = pyotp.TOTP(secret).at(clock.now())
    someone.page.locator("input[name=code]").fill(code)
    someone.page.locator("input[name=password]").fill(PASSWORD)
    someone.page.locator("main form button").first.click()
    assert someone.page.url == f"{someone.url}/office/policies/"


@pytest.mark.rule("S-38")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_a_decided_rule_changes_what_patients_read(
    officer: SignIn, visitor: New, scripts: bool, django_db_blocker: DjangoDbBlocker
) -> None:
    new = "17:20" if scripts else "17:40"
    from_day = clock.shanghai_date(clock.now()) + timedelta(days=1 if scripts else 2)
    with django_db_blocker.unblock():
        hospital_id = hospitals.list_hospitals()[0].hospital_id
    patient = visitor()
    patient.go(f"/hospitals/{hospital_id}/")
    assert new not in patient.page.content()
    someone = officer("policy_officer", scripts=scripts)
    someone.go("/office/policies/booking.window.stop_for_tomorrow/")
    someone.look(f"office-policy-{'scripts' if scripts else 'plain'}")
    someone.page.locator("input[name=value]").fill(new)
    someone.page.locator("input[name=day]").fill(f"{from_day}")
    someone.page.locator("input[name=hour]").fill("00:00")
    someone.page.locator("input[name=source]").fill("京卫医〔2026〕12号")
    someone.press("先看效果")
    assert f"明天的号，今天{new}停止预约" in someone.page.locator("#effect").inner_text()
    if scripts:
        someone.look("office-policy-effect")
    someone.press("就这样定")
    assert "已定下" in someone.text()
    someone.look(f"office-policy-decided-{'scripts' if scripts else 'plain'}")
    patient.go(f"/hospitals/{hospital_id}/")
    assert new not in patient.page.content()
    after = clock.at_shanghai(from_day, time_of_day(0, 1))
    with django_db_blocker.unblock(), clock.frozen(after):  # the page as it will be from that day on
        coming = Client(SERVER_NAME="localhost").get(f"/hospitals/{hospital_id}/")
    assert f"今天{new}停止预约" in coming.content.decode()


def test_a_policy_is_changed_by_six_inputs(officer: SignIn) -> None:
    """From the office's first page: two presses to the rule, its value, its ground, a look at the effect, the decision.
    Day and hour stand there already: the coming midnight."""
    someone = officer("policy_officer")
    someone.go("/office/")
    inputs = 0

    def count(act: Callable[[], None]) -> None:
        nonlocal inputs
        inputs += 1
        act()

    count(lambda: someone.follow("规则"))
    count(lambda: someone.follow("时段结束后保留"))
    count(lambda: someone.page.locator("input[name=value]").fill("25"))
    count(lambda: someone.page.locator("input[name=source]").fill("京卫医〔2026〕13号"))
    count(lambda: someone.press("先看效果"))
    effect = someone.page.locator("#effect")
    expect(effect.get_by_role("columnheader")).to_have_text(["现在", "以后", "出处"])
    expect(effect).to_contain_text("那时起的有效预约")
    someone.look("office-policy-effect-side-by-side")
    count(lambda: someone.press("就这样定"))
    assert "已定下" in someone.text()
    assert "未生效" in someone.text()
    assert inputs <= 6


def test_looser_than_allowed_is_refused_in_place(officer: SignIn) -> None:
    someone = officer("policy_officer")
    someone.go("/office/policies/booking.limits.d7/")
    someone.page.locator("input[name=value]").fill("9")
    someone.page.locator("input[name=source]").fill("无")
    someone.press("先看效果")
    expect(someone.page.locator("main [role=alert]").first).to_be_visible()
    expect(someone.page.locator(".why")).to_have_text("R-005：可定 1 到 3，所以不能定 9。")
    someone.look("office-policy-refused")


@pytest.mark.rule("S-14")
def test_kill_switch_ends_the_channel_at_its_next_call(officer: SignIn) -> None:
    someone = officer("security_admin")
    code = f"app-{time.time_ns() % 10**9}"
    someone.go("/office/channels/add/")
    someone.press("新增")
    someone.look("office-channel-add-empty")
    someone.page.locator("input[name=code]").fill(code)
    someone.page.locator("input[name=name]").fill("某健康应用")
    someone.page.locator("select[name=kind]").select_option("partner")
    someone.page.locator("textarea[name=purpose]").fill("公众查询余号")
    someone.page.locator("input[name=contract_until]").fill("2029-12-31")
    someone.page.locator("input[name=per_minute]").fill("60")
    someone.page.get_by_label("看医院、科室、医师").check()
    someone.press("新增")
    someone.press("给一个新密钥")
    key = someone.page.locator("#secret").inner_text()
    someone.look("office-channel-key")
    assert call(someone.url, key)[0] == 200
    someone.follow("吊销渠道")
    someone.page.locator("textarea[name=reason]").fill("转售号源")
    someone.press("永久吊销")
    assert "代码没有写对" in someone.text()
    assert call(someone.url, key)[0] == 200
    someone.look("office-channel-unconfirmed")
    someone.page.locator("textarea[name=reason]").fill("转售号源")
    someone.page.locator("input[name=confirm]").fill(code)
    someone.press("永久吊销")
    began = time.monotonic()
    status, body = call(someone.url, key)
    assert (status, "CHANNEL_REVOKED" in body) == (403, True)
    assert time.monotonic() - began < 5
    someone.look("office-channel-revoked")


def call(url: str, key: str) -> tuple[int, str]:
    request = urllib.request.Request(f"{url}/api/v1/hospitals", headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


@pytest.fixture(scope="module")
def crowded(server: str, django_db_blocker: DjangoDbBlocker) -> None:
    """Hospitals where so many have booked that figures may be told."""
    with django_db_blocker.unblock():
        for each in (24, 16, 12):
            practices.crowd(practices.open_one(), each=each)


@pytest.mark.parametrize(
    ("width", "size", "language"), [("desk", "normal", "zh"), ("desk", "large", "en"), ("phone", "normal", "en")]
)
def test_figures_are_drawn_by_our_own_style_sheet(
    officer: SignIn, crowded: None, width: str, size: str, language: str
) -> None:
    """The CSP lets nothing inline stand, so what colours a bar is the style sheet; the browser complains of nothing."""
    someone = officer("city_operator", width=width, size=size, language=language)
    someone.go("/office/")
    assert someone.page.locator("svg.pygal-chart").count() == 7
    bar = someone.page.locator("#days .pygal-chart .rect").first
    assert bar.evaluate("it => getComputedStyle(it).fill") == "rgb(11, 100, 85)"
    told = someone.page.get_by_role("img", name="每家医院的预约数" if language == "zh" else "Bookings at each hospital")
    expect(told).to_be_visible()
    someone.look(f"office-figures-crowd-{width}-{size}-{language}")


def test_figures_tell_what_they_count(officer: SignIn) -> None:
    someone = officer("city_operator", scripts=False)
    someone.go("/office/")
    assert "线上渠道的预约数 ÷ 全部预约数" in someone.text()
    someone.look("office-figures-plain")
    with someone.page.expect_download() as got:
        someone.page.get_by_role("link", name="下载表格").click()
    assert got.value.suggested_filename.endswith(".csv")


def test_who_is_invited_is_told_once_how_to_sign_in(officer: SignIn) -> None:
    someone = officer("security_admin")
    someone.go("/office/staff/add/")
    someone.page.locator("input[name=login]").fill(f"browser-{time.time_ns() % 10**9}")
    someone.page.locator("input[name=name]").fill("李娜")
    someone.page.get_by_label("审计", exact=True).check()
    someone.press("邀请")
    assert someone.page.locator("#secret").is_visible()
    someone.look("office-invited")


def test_auditor_verifies_the_log(officer: SignIn) -> None:
    someone = officer("auditor")
    someone.go("/office/audit/log/")
    someone.press("现在从头核对一遍")
    assert "全部对得上" in someone.text()
    someone.look("office-log-verified")
    someone.page.locator("tbody a").first.click()
    someone.look("office-log-days")


def test_notice_of_the_city_reaches_the_patient(officer: SignIn, visitor: New) -> None:
    someone = officer("city_operator", scripts=False)
    someone.go("/office/announcements/")
    title = f"元旦门诊安排 {time.time_ns() % 10**6}"
    someone.page.locator("input[name=title]").fill(title)
    someone.page.locator("textarea[name=body]").fill("1 月 1 日全市门诊停诊，急诊照常。")
    someone.press("发布")
    someone.look("office-announcements-up")
    patient = visitor()
    patient.go("/")
    assert title in patient.page.content()
    someone.press("撤下")
    patient.go("/")
    assert title not in patient.page.content()


@pytest.mark.rule("R-226")
@pytest.mark.parametrize(
    ("width", "language", "scripts"), [("desk", "zh", True), ("phone", "zh", False), ("phone", "en", True)]
)
def test_an_alarm_is_noted_by_name(officer: SignIn, width: str, language: str, scripts: bool) -> None:
    fair_weeks.put_once()
    alarm_id = fair_weeks.older_alarm()
    someone = officer("city_operator", width=width, language=language, scripts=scripts)
    name = f"office-alarm-{width}-{language}"
    someone.go("/office/")
    assert ("等人签收" if language == "zh" else "nobody took note yet") in someone.text()
    someone.look(f"{name}-home")
    someone.go("/office/fairness/")
    someone.look(f"{name}-list")
    someone.open(f'a[href="/office/fairness/alarms/{alarm_id}/"]')
    someone.press("以我的名字签收" if language == "zh" else "Take note by my name")
    someone.look(f"{name}-empty")
    someone.page.locator("textarea[name=why]").fill("这个渠道的页面慢，已请渠道方查，下周再看。")
    someone.press("以我的名字签收" if language == "zh" else "Take note by my name")
    assert ("已签收这条报警" if language == "zh" else "You took note") in someone.text()
    someone.open(f'a[href="/office/fairness/alarms/{alarm_id}/"]')
    assert "已请渠道方查" in someone.text()
    someone.look(f"{name}-noted")
