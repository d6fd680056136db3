"""What an act leaves for the next page: a sentence, and what takes it back; nobody else can put one there."""

from django.core import signing
from django.http import HttpResponse
from django.test import RequestFactory

from yitong.faces.common import pages


def after(answer: HttpResponse) -> pages.Shell:
    """The shell of the page that comes next in the same browser."""
    request = RequestFactory().get("/")
    request.COOKIES = {name: cookie.value for name, cookie in answer.cookies.items()}
    return pages._shell(request, "")


def test_notice_and_its_undo_reach_the_next_page() -> None:
    request = RequestFactory().post("/bookings/")
    undo = pages.Undo("/bookings/undo/", "a-key")
    shell = after(pages.go_to(request, "/bookings/", notice="已取消预约", undo=undo))
    assert (shell.notice, shell.undo) == ("已取消预约", undo)
    plain = after(pages.go_to(request, "/bookings/", notice="已保存"))
    assert (plain.notice, plain.undo) == ("已保存", None)


def test_notice_that_we_did_not_sign_is_not_said() -> None:
    request = RequestFactory().get("/")
    for forged in ("", "nonsense", signing.dumps(["说过", "/sign-out/", "k"], salt="another")):
        request.COOKIES = {pages.NOTICE_COOKIE: forged}
        shell = pages._shell(request, "")
        assert (shell.notice, shell.undo) == ("", None)
