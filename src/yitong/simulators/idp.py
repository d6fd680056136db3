"""A hospital's identity provider: OpenID Connect over HTTP, with discovery, authorization code, PKCE and JWKS.

It refuses what a true one refuses: unknown clients, other redirect addresses, missing or plain PKCE, codes that are
used, old or another client's. `misbehave` makes it lie in one way, for those who must notice.

    python -m yitong.simulators.idp --port 8099 --client desk --secret s3cret --redirect http://127.0.0.1:8000/desk/…
"""

import argparse
import base64
import hashlib
import html
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

Misbehaviour = Literal[
    "", "nonce", "audience", "issuer", "expired", "signature", "unsigned", "discovery", "garbage", "error"
]
CODE_LIFE_S = 60
TOKEN_LIFE_S = 300
PAGE = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>统一身份认证</title>
<form method="post"><h1>统一身份认证</h1><label>账号 <input name="login" required></label>
<label>密码 <input name="password" type="password" required></label><button>登录</button></form></html>"""


@dataclass(frozen=True, slots=True)
class Person:
    subject: str
    password: str
    methods: tuple[str, ...] = ("pwd",)  # RFC 8176; `mfa` where a second factor was shown


@dataclass(frozen=True, slots=True)
class Grant:
    person: Person
    client_id: str
    redirect_uri: str
    nonce: str
    challenge: str
    until: float


def new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "sim-1", "use": "sig", "alg": "RS256"})


@dataclass
class Directory:
    """What the provider knows."""

    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]
    people: dict[str, Person]
    misbehave: Misbehaviour = ""
    issuer: str = ""
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(2048, {"kid": "sim-1", "use": "sig", "alg": "RS256"})
    )
    grants: dict[str, Grant] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Refused(Exception):
    """An error answer of OAuth 2.0 (RFC 6749 section 5.2)."""


class Handler(BaseHTTPRequestHandler):
    directory: Directory

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/.well-known/openid-configuration":
            self._json(200, self._description())
        elif path == "/jwks":
            self._json(200, {"keys": [self.directory.key.as_dict(private=False)]})
        elif path == "/authorize":
            self._authorize({})
        else:
            self._json(404, {"error": "not_found"})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        form = _flat(self.rfile.read(min(length, 65536)).decode())
        path = urlsplit(self.path).path
        if path == "/authorize":
            self._authorize(form)
        elif path == "/token":
            self._token(form)
        else:
            self._json(404, {"error": "not_found"})

    def log_message(self, format: str, *args: object) -> None:
        """Silent: a simulator logs nothing."""

    def _description(self) -> dict[str, object]:
        issuer = self.directory.issuer
        return {
            "issuer": "https://other.example" if self.directory.misbehave == "discovery" else issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }

    def _authorize(self, form: dict[str, str]) -> None:
        asked, known = _flat(urlsplit(self.path).query), self.directory
        redirect_uri = asked.get("redirect_uri", "")
        if asked.get("client_id") != known.client_id or redirect_uri not in known.redirect_uris:
            self._json(400, {"error": "invalid_request"})  # never sent on to an address that nobody registered
            return
        state = asked.get("state", "")
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
            self._redirect(redirect_uri, {"error": "invalid_scope", "state": state})
            return
        if asked.get("code_challenge_method") != "S256" or len(asked.get("code_challenge", "")) != 43:
            self._redirect(redirect_uri, {"error": "invalid_request", "state": state})
            return
        person = known.people.get(form.get("login", ""))
        if person is None or not secrets.compare_digest(person.password.encode(), form.get("password", "").encode()):
            self._page(401 if form else 200)
            return
        code = secrets.token_urlsafe(24)
        grant = Grant(
            person,
            known.client_id,
            redirect_uri,
            asked.get("nonce", ""),
            asked["code_challenge"],
            time.monotonic() + CODE_LIFE_S,
        )
        with known.lock:
            known.grants[code] = grant
        self._redirect(redirect_uri, {"code": code, "state": state})

    def _token(self, form: dict[str, str]) -> None:
        known = self.directory
        if known.misbehave == "garbage":
            self._send(200, b"<html>", "text/html")
            return
        if known.misbehave == "error":
            self._json(500, {"error": "server_error"})
            return
        if self._client(form) != (known.client_id, known.client_secret):
            self._json(401, {"error": "invalid_client"})
            return
        try:
            grant = self._redeem(form)
        except Refused as refused:
            self._json(400, {"error": str(refused)})
            return
        self._json(
            200,
            {
                "access_token": secrets.token_urlsafe(24),
                "token_type": "Bearer",
                "expires_in": TOKEN_LIFE_S,
                "id_token": self._id_token(grant),
            },
        )

    def _redeem(self, form: dict[str, str]) -> Grant:
        if form.get("grant_type") != "authorization_code":
            raise Refused("unsupported_grant_type")
        with self.directory.lock:
            grant = self.directory.grants.pop(form.get("code", ""), None)
        if grant is None or time.monotonic() >= grant.until or grant.redirect_uri != form.get("redirect_uri"):
            raise Refused("invalid_grant")
        hashed = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() != grant.challenge:
            raise Refused("invalid_grant")
        return grant

    def _client(self, form: dict[str, str]) -> tuple[str, str]:
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            name, _, secret = base64.b64decode(given).decode().partition(":")
            return unquote_plus(name), unquote_plus(secret)
        return form.get("client_id", ""), form.get("client_secret", "")

    def _id_token(self, grant: Grant) -> str:
        lie, now = self.directory.misbehave, int(time.time())
        claims = {
            "iss": "https://other.example" if lie == "issuer" else self.directory.issuer,
            "sub": grant.person.subject,
            "aud": "another-client" if lie == "audience" else grant.client_id,
            "iat": now,
            "exp": now - 3600 if lie == "expired" else now + TOKEN_LIFE_S,
            "nonce": "another" if lie == "nonce" else grant.nonce,
            "amr": list(grant.person.methods),
        }
        if lie == "unsigned":
            parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
            return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."
        key = RSAKey.generate_key(2048, {"kid": "sim-1"}) if lie == "signature" else self.directory.key
        return jwt.encode({"alg": "RS256", "kid": "sim-1"}, claims, key)

    def _redirect(self, address: str, params: dict[str, str]) -> None:
        self.send_response(303)
        self.send_header("Location", f"{address}{'&' if '?' in address else '?'}{urlencode(params)}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _page(self, status: int) -> None:
        note = "" if status == 200 else f"<p>{html.escape('账号或密码不正确')}</p>"
        self._send(status, (PAGE + note).encode(), "text/html; charset=utf-8")

    def _json(self, status: int, content: dict[str, object]) -> None:
        self._send(status, json.dumps(content).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)


def _flat(text: str) -> dict[str, str]:
    """The first value of each name."""
    return {name: values[0] for name, values in parse_qs(text).items()}


def serve(directory: Directory, *, port: int = 0) -> ThreadingHTTPServer:
    """A server on loopback, not running yet; `directory.issuer` is its address."""
    handler = type("ProviderHandler", (Handler,), {"directory": directory})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    directory.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    return server


def main() -> None:
    parser = argparse.ArgumentParser(description="A hospital's identity provider (OpenID Connect), for trials")
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--client", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--redirect", action="append", required=True)
    parser.add_argument("--person", action="append", default=[], metavar="LOGIN:PASSWORD[:mfa]")
    given = parser.parse_args()
    people = {}
    for entry in given.person:
        login, password, *more = entry.split(":")
        people[login] = Person(f"sub-{login}", password, ("pwd", *more))
    server = serve(Directory(given.client, given.secret, tuple(given.redirect), people), port=given.port)
    with server:
        server.serve_forever()


if __name__ == "__main__":
    main()
