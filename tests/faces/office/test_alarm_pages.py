"""The alarms of the meter that wait, page by page."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from tests import make
from tests.clinic import NOW

from yitong.domains.fairness.commands import alarming
from yitong.domains.fairness.contracts import NoteAlarm
from yitong.domains.fairness.models import MeterAlarm

Enter = Callable[..., Client]
Text = Callable[[Any], str]


def test_all_alarms_that_wait_can_be_reached_as_many_as_the_menu_counts(enter: Enter, text: Text) -> None:
    client, operator = enter("city_operator"), make.city_operator()
    weeks = [date(2026, 11, 16) - timedelta(weeks=n // 3) for n in range(102)]
    made = [MeterAlarm(start=week, group="channel", name=f"c{n % 3}", raised_at=NOW) for n, week in enumerate(weeks)]
    MeterAlarm.objects.bulk_create(made)
    for recent in made[:2]:  # of these somebody took note: they are in the way of nobody
        alarming.note_alarm(NoteAlarm(recent.id, "看过"), actor=operator, now=NOW)

    def listed(address: str) -> tuple[list[str], list[str]]:
        """(alarms that wait, addresses of the pager) of a page."""
        page = client.get(address).content.decode()
        part = page[page.index('id="alarms"') : page.index('class="figures"')]
        pager = [unescape(one) for one in re.findall(r'href="(\?[^"]*|#alarms)"', part)]
        return re.findall(r'href="/office/fairness/alarms/([^"/]+)/"', part), pager

    first, (on,) = listed("/office/fairness/?week=2026-11-09")
    assert "week=2026-11-09" in on
    second, (back,) = listed("/office/fairness/" + on)
    assert (len(first), len(second), back) == (50, 50, "?week=2026-11-09#alarms")
    assert first + second == [str(one.id) for one in made[2:]]
    assert "公平 100 件等人看" in text(client.get("/office/hospitals/"))
    alarming.note_alarm(NoteAlarm(made[51].id, "看过"), actor=operator, now=NOW)  # the last of the first page
    assert listed("/office/fairness/" + on)[0] == second
    for one in made[52:]:
        alarming.note_alarm(NoteAlarm(one.id, "看过"), actor=operator, now=NOW)
    assert "等人签收的报警 后面的都签收了。" in text(client.get("/office/fairness/" + on))


@pytest.mark.parametrize("before", ["x", "01900000-0000-7000-8000-000000000000", "\0"])
def test_a_page_after_no_alarm_is_no_page(enter: Enter, before: str) -> None:
    assert enter("auditor").get("/office/fairness/", {"before": before}).status_code == 404
