"""Settings that have to be of a certain kind: whoever wrote something else is told which one, and what it may be."""

import os
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def number(name: str, default: int) -> int:
    """A whole number, not below zero."""
    given = os.environ.get(name) or str(default)
    if not (given.isascii() and given.isdigit()):
        raise ImproperlyConfigured(f"{name} has to be a number, 0 or more; it is {given!r}.")
    return int(given)


def one_of(name: str, *words: str) -> str:
    """One of these words, in capitals or not; the first where nothing is said."""
    given = (os.environ.get(name) or words[0]).upper()
    if given not in words:
        raise ImproperlyConfigured(f"{name} has to be {' or '.join(words)}; it is {given!r}.")
    return given


def host_of(url: str) -> str:
    """As browsers name it in `Host`: an IPv6 address in brackets. Empty where the URL has none."""
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host


def is_loopback(url: str) -> bool:
    """Whether only this machine reaches it: a place for trying out, or for tests."""
    return host_of(url) in ("127.0.0.1", "[::1]", "localhost")
