"""The judges of our own see what is wrong with a page: planted here, each fault once."""

from collections.abc import Callable
from urllib.parse import quote

from tests.browser import judges
from tests.browser.visitors import Visitor

HEAD = "<!doctype html><meta charset=utf-8><style>body{overflow-wrap:anywhere}h1{width:3em;font-size:20px}</style>"


def test_a_word_that_is_torn_is_seen_and_one_that_wraps_is_not(visitor: Callable[..., Visitor]) -> None:
    page = visitor().page
    for text, found in (
        ("Announcements", [("torn", "Announcements")]),
        ("My own set of day", []),
        ("<span translate=no>Announcements</span>", []),
        ("公告公告公告公告公告公告", []),
        ("<span hidden>Announcements</span>", []),
    ):
        page.goto("data:text/html," + quote(f"{HEAD}<h1>{text}</h1>"))
        assert judges.torn(page) == found, text


def test_labels_in_chinese_and_pages_that_run_over_are_seen(visitor: Callable[..., Visitor]) -> None:
    page = visitor().page
    page.goto("data:text/html," + quote(f"{HEAD}<button>预约</button><button translate=no>张三</button>"))
    assert judges.left_in_chinese(page) == [("Chinese", "预约")]
    assert judges.too_wide(page) == []
    page.goto("data:text/html," + quote(f"{HEAD}<p style='width:500px'>公告"))
    assert [said for said, _ in judges.too_wide(page)] == ["too wide at 390 px", "too wide at 320 px"]
