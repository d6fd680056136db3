"""The token of our forms is Django's own: its middleware takes it, and nothing else."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.middleware.csrf import _unmask_cipher_token
from django.test import Client, RequestFactory

from yitong.faces.common.csrf import LETTERS, token_of

pytestmark = pytest.mark.django_db


def visitor() -> Client:
    return Client(SERVER_NAME="localhost", enforce_csrf_checks=True)


def token_in(answer: Any) -> str:
    return str(re.findall(r'csrfmiddlewaretoken" value="(\w+)"', answer.content.decode())[0])


def test_a_form_of_a_kept_page_is_taken_and_no_other() -> None:
    client, other = visitor(), visitor()
    token, strange = token_in(client.get("/search/")), token_in(other.get("/search/"))
    wish = {"language": "en", "next": "/search/"}
    assert client.post("/preferences/", wish | {"csrfmiddlewaretoken": strange}).status_code == 403
    assert client.post("/preferences/", wish | {"csrfmiddlewaretoken": token}).status_code == 303


def test_a_known_visitor_keeps_his_secret_and_reads_another_token_each_time() -> None:
    client = visitor()
    tokens = {token_in(client.get("/search/")) for _ in range(3)}
    assert len(tokens) == 3
    assert {_unmask_cipher_token(token) for token in tokens} == {client.cookies[settings.CSRF_COOKIE_NAME].value}


def test_secrets_are_drawn_from_all_letters() -> None:
    drawn = [_unmask_cipher_token(token_of(RequestFactory().get("/"))) for _ in range(200)]
    assert len(set(drawn)) == 200
    assert set("".join(drawn)) == set(LETTERS)
