"""The bar: a bare RSGI application that reads a request's body and gives it back. No rules, no database, no parsing."""

from typing import Any

HEADERS = [("content-type", "application/json")]


async def application(scope: Any, protocol: Any) -> None:
    protocol.response_bytes(200, HEADERS, await protocol())
