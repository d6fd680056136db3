"""The edge as it is wired: what Django itself refuses comes out in our words, too."""

import pytest
from django.test import Client


@pytest.fixture
def browser(db: None) -> Client:
    return Client(SERVER_NAME="localhost", enforce_csrf_checks=True)


def test_unknown_page_is_a_page(browser: Client) -> None:
    response = browser.get("/no/such/page/")

    assert response.status_code == 404
    assert "没有找到您要的内容" in response.content.decode()
    assert response["Content-Security-Policy"].startswith("default-src 'self'")
    assert response["X-Trace-Id"]


def test_unknown_page_in_english(browser: Client) -> None:
    response = browser.get("/no/such/page/", headers={"Accept-Language": "en-GB"})

    assert "We could not find" in response.content.decode()
    assert response["Content-Language"] == "en"


def test_unknown_address_of_the_api_is_a_problem(browser: Client) -> None:
    assert browser.get("/api/v2/hospitals").json()["code"] == "NOT_FOUND"


def test_form_without_its_token_did_nothing(browser: Client) -> None:
    response = browser.post("/sign-in/", {"phone": "19900001111"})

    assert response.status_code == 403
    assert "页面已过期" in response.content.decode()


def test_form_that_is_too_large_is_told_as_such(db: None) -> None:
    response = Client(SERVER_NAME="localhost").post("/sign-in/", {"phone": "1" * 3_000_000})

    assert response.status_code == 413
    assert "提交的内容太大" in response.content.decode()


def test_unknown_host_is_refused_without_a_fault(browser: Client) -> None:
    response = browser.get("/", SERVER_NAME="evil.example")

    assert response.status_code == 400


def test_wrong_method_is_a_page_that_keeps_allow(db: None) -> None:
    response = Client(SERVER_NAME="localhost").delete("/sign-in/")

    assert response.status_code == 405
    assert "GET" in response["Allow"]
    assert "<html" in response.content.decode()


@pytest.mark.parametrize("path", ["/", "/api/v1/openapi.json", "/health/live", "/static/yitong/base.css"])
def test_every_space_has_the_headers(browser: Client, path: str) -> None:
    response = browser.get(path)
    response.close()

    assert response.status_code == 200
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy"):
        assert response[name]
