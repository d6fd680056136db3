"""Django's CSRF token, with its random letters drawn at once.

Django asks the system for each of 64 letters by itself, which took longer than all else that a kept page takes. The
token is Django's own (its middleware checks it): a mask, and the visitor's secret moved by it letter by letter, so that
no two answers show the same text.
"""

import secrets

from django.http import HttpRequest
from django.middleware.csrf import CSRF_ALLOWED_CHARS as LETTERS
from django.middleware.csrf import CSRF_SECRET_LENGTH as LENGTH

MANY = len(LETTERS)
PLACES = {letter: place for place, letter in enumerate(LETTERS)}


def token_of(request: HttpRequest) -> str:
    """For a form in the answer to this request. Who has no secret yet gets one with the answer, as a cookie."""
    secret = request.META.get("CSRF_COOKIE")
    if secret is None:
        secret = request.META["CSRF_COOKIE"] = _written(_draw())
    request.META["CSRF_COOKIE_NEEDS_UPDATE"] = True
    mask = _draw()
    moved = [(PLACES[letter] + by) % MANY for letter, by in zip(secret, mask, strict=True)]
    return _written(mask) + _written(moved)


def _draw() -> list[int]:
    """The places of LENGTH letters, each as likely as any other."""
    drawn, places = secrets.randbelow(MANY**LENGTH), []
    for _ in range(LENGTH):
        drawn, place = divmod(drawn, MANY)
        places.append(place)
    return places


def _written(places: list[int]) -> str:
    return "".join([LETTERS[place] for place in places])
