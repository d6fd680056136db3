"""What our own script gives the parts, and what stands without it: sheet, search, week, table, toast, countdown."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from tests.browser.visitors import Visitor

Window = Callable[..., Visitor]


def focused(page: Page) -> str:
    """The id of what has the focus, or what it says."""
    said: str = page.evaluate(
        "document.activeElement.id || document.activeElement.ariaLabel || document.activeElement.textContent.trim()"
    )
    return said


def wait_for_htmx(page: Page) -> None:
    """It comes when the page is there and idle."""
    end = time.monotonic() + 10
    while not page.evaluate("typeof htmx === 'object'"):
        assert time.monotonic() < end
        page.wait_for_timeout(50)


# -- sheet -----------------------------------------------------------------------------------------------------------


def test_sheet_takes_the_focus_and_gives_it_back(visitor: Window) -> None:
    someone = visitor()
    page = someone.go("/gallery/")
    link = page.get_by_role("link", name="看费用")
    sheet = page.get_by_role("dialog", name="费用明细")
    for leave in ("Escape", "close", "ground"):
        link.focus()
        page.keyboard.press("Enter")
        expect(sheet).to_be_visible()
        for _ in range(6):
            page.keyboard.press("Tab")
            inside = page.evaluate(
                "document.activeElement === document.body || !!document.activeElement.closest('#fees')"
            )
            assert inside
        if leave == "Escape":
            someone.look("part-sheet")
            page.keyboard.press("Escape")
        elif leave == "close":
            sheet.get_by_role("link", name="关闭").click()
        else:
            page.mouse.click(20, 20)
        expect(sheet).to_be_hidden()
        assert focused(page) == "看费用"
    assert "#" not in page.url


def test_long_sheet_scrolls_within(visitor: Window) -> None:
    for size in ("normal", "largest"):
        someone = visitor(size=size)
        page = someone.go("/gallery/#long")
        sheet = page.locator("#long")
        expect(sheet).to_be_visible()
        box = sheet.bounding_box()
        assert box is not None
        assert box["height"] <= 844 * 0.9 + 1
        page.screenshot(path=f".yitong/shots/part-sheet-long-{size}.png")
        expect(sheet.get_by_role("link", name="关闭")).to_be_in_viewport()


def test_sheet_without_scripts(visitor: Window) -> None:
    someone = visitor(scripts=False)
    page = someone.go("/gallery/")
    sheet = page.locator("#fees")
    expect(sheet).to_be_hidden()
    page.get_by_role("link", name="看费用").click()
    expect(sheet).to_be_visible()
    expect(sheet).to_be_in_viewport()
    sheet.get_by_role("link", name="关闭").click()
    expect(sheet).to_be_hidden()


# -- search ----------------------------------------------------------------------------------------------------------


def test_search_is_a_combobox(visitor: Window) -> None:
    someone = visitor()
    page = someone.go("/gallery/")
    box = page.get_by_role("combobox", name="搜医院")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.press_sequentially("心")
    options = page.locator("#suggestions [role=option]")
    expect(options).to_have_count(3)
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".search [role=status]")).to_have_text("3 条结果，用上下键选择")
    chosen = page.locator("[role=option][aria-selected=true]")
    expect(chosen).to_have_count(0)
    for key, name in (("ArrowDown", "心内科"), ("ArrowDown", "心外科"), ("ArrowUp", "心内科")):
        box.press(key)
        expect(chosen).to_have_text(name)
        expect(box).to_have_attribute("aria-activedescendant", str(chosen.get_attribute("id")))
    someone.look("part-search")
    box.press("ArrowUp")
    expect(chosen).to_have_count(0)
    assert box.get_attribute("aria-activedescendant") is None
    box.press("ArrowUp")
    expect(chosen).to_have_text("心理科")
    box.press("Enter")
    assert page.url.endswith("#g-search")


def test_search_that_finds_nothing_says_so_and_escape_closes(visitor: Window) -> None:
    someone = visitor()
    page = someone.go("/gallery/")
    box = page.get_by_role("combobox", name="搜医院")
    box.press_sequentially("心")
    expect(page.locator("#suggestions [role=option]")).to_have_count(3)
    box.press("Escape")
    expect(page.locator("#suggestions [role=option]")).to_have_count(0)
    expect(box).to_have_value("心")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.fill("没有这样的科")
    expect(page.locator(".search [role=status]")).to_have_text("没有找到")
    expect(box).to_have_attribute("aria-expanded", "false")


def test_search_outlives_a_broken_connection(visitor: Window) -> None:
    someone = visitor()
    page = someone.go("/gallery/")
    box = page.get_by_role("combobox", name="搜医院")
    with page.expect_event("requestfailed"):
        page.context.set_offline(True)
        box.press_sequentially("心")
    page.context.set_offline(False)
    box.press_sequentially("内")
    expect(page.locator("#suggestions [role=option]")).to_have_text(["心内科"])
    assert page.locator(".search").get_attribute("data-state") is None


# -- week ------------------------------------------------------------------------------------------------------------


def test_week_is_walked_by_keys(visitor: Window) -> None:
    someone = visitor(width="desk")
    page = someone.go("/gallery/desk/")
    grid = page.get_by_role("grid")
    expect(grid.locator("td[tabindex='0']")).to_have_count(1)
    cell = grid.locator("td[tabindex='0']")
    expect(cell).to_have_attribute("data-cell", "0:3:0")  # today
    cell.focus()
    for key, at in (
        ("ArrowRight", "0:3:1"),
        ("ArrowDown", "1:3:1"),
        ("ArrowLeft", "1:3:0"),
        ("Home", "1:0:0"),
        ("End", "1:6:1"),
        ("ArrowRight", "1:6:1"),
        ("Control+Home", "0:0:0"),
        ("ArrowUp", "0:0:0"),
        ("Control+End", "2:6:1"),
        ("Control+Home", "0:0:0"),
    ):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.dataset.cell") == at, key
    someone.look("part-week")
    page.keyboard.press("Enter")  # two sittings: into the cell
    assert page.evaluate("document.activeElement.dataset.entry") == "1"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.entry") == "2"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.cell") == "0:0:0"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")  # one thing: it opens
    assert page.url.endswith("#add-0-0-1")


def test_week_is_one_stop_in_the_order_of_tab(visitor: Window) -> None:
    someone = visitor(width="desk")
    page = someone.go("/gallery/desk/")
    page.locator("#week td[tabindex='0']").focus()
    for _ in range(2):  # what stands in the cell, then out
        page.keyboard.press("Tab")
    assert not page.evaluate("!!document.activeElement.closest('#week')")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.dataset.cell") == "0:3:0"


def test_week_without_scripts_is_a_table_of_links(visitor: Window) -> None:
    someone = visitor(width="desk", scripts=False)
    page = someone.go("/gallery/desk/")
    expect(page.get_by_role("grid")).to_have_count(0)
    expect(page.get_by_role("table", name="心内科 · 一周出诊").first).to_be_visible()
    page.get_by_role("link", name="林知远").click()
    assert page.url.endswith("#sitting-1")


# -- table -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scripts", [True, False])
def test_table_is_sorted_by_its_heads(visitor: Window, scripts: bool) -> None:
    someone = visitor(width="desk", scripts=scripts)
    page = someone.go("/gallery/desk/")
    if scripts:
        wait_for_htmx(page)
    heads = page.locator("#booked th")
    assert [heads.nth(n).get_attribute("aria-sort") for n in range(3)] == ["ascending", None, None]
    booked = page.locator("#booked tbody td:nth-child(3)")
    for order in (["12", "7", "3", "1"], ["1", "3", "7", "12"]):
        page.get_by_role("link", name="已约").click()
        expect(booked).to_have_text(order)
    expect(heads.nth(2)).to_have_attribute("aria-sort", "ascending")
    assert page.url.endswith("?sort=booked")
    if scripts:
        assert focused(page) == "sort-booked"


@pytest.mark.parametrize("scripts", [True, False])
def test_table_is_narrowed_and_keeps_its_order(visitor: Window, scripts: bool) -> None:
    someone = visitor(width="desk", scripts=scripts)
    page = someone.go("/gallery/desk/")
    if scripts:
        wait_for_htmx(page)
    page.get_by_role("link", name="已约").click()
    expect(page.locator("#booked tbody td:nth-child(3)")).to_have_text(["12", "7", "3", "1"])
    field = page.get_by_label("就诊人", exact=True)
    field.press_sequentially("王*")
    if not scripts:
        page.get_by_role("button", name="筛选").click()
    expect(page.locator("#booked tbody td:nth-child(3)")).to_have_text(["7", "3"])
    expect(page.locator("#booked-count")).to_have_text("2 人")
    assert "sort=-booked" in page.url
    if scripts:
        assert focused(page) == "booked-q"
    field.fill("没有这个人")
    if not scripts:
        page.get_by_role("button", name="筛选").click()
    expect(page.locator("#booked")).to_contain_text("换个名字看看")
    someone.look(f"part-table-empty-{scripts}")


# -- what was just said ----------------------------------------------------------------------------------------------


def test_toast_with_an_undo_stays_and_takes_back(visitor: Window) -> None:
    someone = visitor(width="desk", motion="no-preference")
    page = someone.go("/gallery/desk/")
    wait_for_htmx(page)
    page.clock.install()
    page.get_by_role("button", name="停诊").first.click()
    toast = page.locator("#toast")
    expect(toast).to_contain_text("已停诊 1 个出诊")
    page.clock.fast_forward(60_000)
    expect(toast).to_contain_text("已停诊 1 个出诊")
    toast.get_by_role("button", name="关闭").click()
    expect(toast).to_be_hidden()


def test_undo_of_a_toast_by_keys(visitor: Window) -> None:
    someone = visitor(width="desk")
    page = someone.go("/gallery/desk/")
    wait_for_htmx(page)
    page.get_by_role("button", name="停诊").first.click()
    page.locator("#toast").get_by_role("button", name="撤销").focus()
    someone.look("part-toast")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="已撤销")).to_be_visible()


def test_notice_with_an_undo_needs_no_script(visitor: Window) -> None:
    someone = visitor(scripts=False)
    page = someone.go("/gallery/")
    page.locator("#g-said ~ .banner").get_by_role("button", name="撤销").click()
    notice = page.get_by_role("status").filter(has_text="已撤销")
    expect(notice).to_be_visible()
    someone.look("part-notice")
    notice.get_by_role("button", name="撤销").click()
    expect(page.get_by_role("status").filter(has_text="已撤销")).to_be_visible()
    page.reload()
    expect(page.get_by_role("status").filter(has_text="已撤销")).to_have_count(0)


def test_what_is_only_said_goes_by_itself(visitor: Window) -> None:
    someone = visitor()
    page = someone.go("/gallery/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.clock.install()
    page.get_by_role("button", name="复制").click()
    expect(page.locator("#toast")).to_have_text("已复制")
    page.clock.fast_forward(9_000)
    expect(page.locator("#toast")).to_be_hidden()


# -- time, menus, live parts -----------------------------------------------------------------------------------------


# How much later than its instant it is, in milliseconds, by the server's clock as the page's first bytes brought it.
LATE = """(node) => performance.now() - (performance.getEntriesByType("navigation")[0]?.responseStart || 0)
  - (Date.parse(node.dataset.countdown) - Date.parse(document.documentElement.dataset.now))"""


def test_countdown_counts_says_what_comes_and_ends(visitor: Window) -> None:
    someone = visitor()
    page = someone.page
    page.clock.install()
    someone.go("/gallery/")
    soon, far, past = (page.locator("#g-count ~ p time").nth(n) for n in range(3))
    expect(past).to_have_text("时间到了")
    assert far.inner_text().startswith("1 天 0")
    expect(soon).to_have_text("12:00")
    page.clock.run_for(timedelta(minutes=10, seconds=1).seconds * 1000)
    expect(soon).to_have_text("01:59")
    expect(page.locator("#toast")).to_have_text("还剩 2 分钟")
    page.clock.run_for(110_000)
    page.clock.pause_at(page.evaluate("new Date(Date.now() + 1000).toISOString()"))  # from here on only by our steps
    while soon.inner_text() != "时间到了":
        page.clock.run_for(100)
    assert 0 <= soon.evaluate(LATE) < 1_500  # never early


def test_person_switcher_opens_and_closes_by_keys(visitor: Window) -> None:
    someone = visitor()
    page = someone.go("/gallery/")
    summary = page.locator("details.menu summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".menu-list")).to_be_visible()
    someone.look("part-switcher")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator(".menu-list")).to_be_hidden()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    summary.click()
    page.get_by_role("heading", name="Gallery").click()
    expect(page.locator(".menu-list")).to_be_hidden()


def test_live_part_says_that_its_connection_broke(visitor: Window) -> None:
    someone = visitor(width="desk")
    page = someone.go("/gallery/desk/")
    wait_for_htmx(page)
    badge = page.locator("#live-sample .live")
    expect(badge).to_contain_text("自动更新")
    page.context.set_offline(True)
    page.locator("#live-sample").click()
    expect(badge).to_contain_text("连接断了，正在重试")
    page.context.set_offline(False)
    page.locator("#live-sample").click()
    expect(badge).to_contain_text("自动更新")


# -- what is fetched, and when -----------------------------------------------------------------------------------------


def test_htmx_comes_last_and_only_where_it_is_used(visitor: Window) -> None:
    someone = visitor()
    page = someone.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    someone.go("/").wait_for_load_state("networkidle")
    assert not any("htmx" in url for url in asked)
    someone.go("/gallery/desk/")
    wait_for_htmx(page)
    began, loaded = page.evaluate(
        """[performance.getEntriesByType('resource').find((one) => one.name.includes('htmx')).startTime,
            performance.getEntriesByType('navigation')[0].loadEventStart]"""
    )
    assert began >= loaded
