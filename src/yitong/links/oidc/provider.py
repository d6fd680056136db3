"""A hospital's identity provider by OpenID Connect: discovery, authorization code with PKCE, ID token by JWKS.

Nothing is remembered between calls: discovery and keys are asked for at each sign-in, so that a provider may change its
keys. Any answer that does not hold is IdentityRefused; one that does not come is ProviderDown.

A hospital's administrator types the address, and it may well stand in the hospital's inner network. What he can't make
us ask is this machine, or what lies on its own link, where clouds keep their secrets; nor anything without a
certificate that we believe, and no redirect is followed.
"""

import json
import socket
import ssl
from functools import cache
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import quote_plus, urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from yitong.core import clock
from yitong.domains.access.contracts import Identity, ProviderSettings
from yitong.domains.access.errors import IdentityRefused, ProviderDown

TIMEOUT_S = 5.0
LEEWAY_S = 60
MOST_BYTES = 200_000
ALGORITHMS = ["RS256", "PS256", "ES256"]
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@cache
def _authorities() -> ssl.SSLContext:
    """Whose certificates we believe. Reading them takes 40 ms, and a sign-in asks three times."""
    return httpx.create_ssl_context(trust_env=False)


def _is_near(host: str) -> bool:
    """Whether any address of the host is this machine, or on its own link. Raises socket.gaierror where it has none."""
    for *_, (address, *_) in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
        found = ip_address(str(address))
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        if found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast:
            return True
    return False


class OidcProvider:
    """One provider; implements `access.ports.IdentityProvider`."""

    def __init__(self, settings: ProviderSettings, *, asks_this_machine: bool) -> None:
        """`asks_this_machine`: whether a provider may stand on it, as the simulator does."""
        self._settings = settings
        self._asks_this_machine = asks_this_machine

    def authorization_url(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        found = self._discover()
        return prepare_grant_uri(
            found["authorization_endpoint"],
            self._settings.client_id,
            "code",
            redirect_uri,
            "openid",
            state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )

    def identity(self, *, code: str, redirect_uri: str, nonce: str, verifier: str) -> Identity:
        found = self._discover()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        # RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
        client = (quote_plus(self._settings.client_id), quote_plus(self._settings.client_secret))
        id_token = self._ask("POST", found["token_endpoint"], data=form, auth=client).get("id_token")
        if not isinstance(id_token, str):
            raise IdentityRefused()
        claims = self._checked(id_token, self._ask("GET", found["jwks_uri"]), nonce)
        methods = claims.get("amr")
        return Identity(str(claims["sub"]), isinstance(methods, list) and "mfa" in methods)

    def _discover(self) -> dict[str, Any]:
        """The provider's own description; it names itself as we know it (OpenID Connect Discovery section 4.3)."""
        found = self._ask("GET", f"{self._settings.issuer}/.well-known/openid-configuration")
        if found.get("issuer") != self._settings.issuer:
            raise IdentityRefused()
        scheme = urlsplit(self._settings.issuer).scheme
        for name in ENDPOINTS:
            if urlsplit(str(found.get(name))).scheme not in ("https", scheme):
                raise IdentityRefused()
        return found

    def _ask(self, method: str, url: str, **form: Any) -> dict[str, Any]:
        """Refuses IdentityRefused (it says no: 400, 401, 403), ProviderDown (anything else than a JSON object)."""
        body = b""
        try:
            if not self._asks_this_machine and _is_near(urlsplit(url).hostname or ""):
                raise ProviderDown()
            with (
                httpx.Client(timeout=TIMEOUT_S, trust_env=False, verify=_authorities()) as client,
                client.stream(method, url, **form) as response,
            ):
                if response.status_code in (400, 401, 403):
                    raise IdentityRefused()
                response.raise_for_status()
                for part in response.iter_bytes():
                    body += part
                    if len(body) > MOST_BYTES:
                        raise ProviderDown()
            found = json.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, socket.gaierror) as error:
            raise ProviderDown() from error
        if not isinstance(found, dict):
            raise ProviderDown()
        return found

    def _checked(self, id_token: str, keys: dict[str, Any], nonce: str) -> dict[str, Any]:
        """OpenID Connect Core section 3.1.3.7: signature, issuer, audience, time, nonce."""
        settings = self._settings
        registry = jwt.JWTClaimsRegistry(
            now=int(clock.now().timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            token = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]
            registry.validate(token.claims)
        except (JoseError, ValueError) as error:
            raise IdentityRefused() from error
        claims = token.claims
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != settings.client_id:
            raise IdentityRefused()
        return claims
