"""What the outside does for access: a hospital's own identity provider."""

from collections.abc import Callable
from typing import Protocol

from yitong.domains.access.contracts import Identity, ProviderSettings


class IdentityProvider(Protocol):
    """An OpenID provider: authorization code with PKCE (RFC 7636) and nonce."""

    def authorization_url(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes. Refuses ProviderDown."""
        ...

    def identity(self, *, code: str, redirect_uri: str, nonce: str, verifier: str) -> Identity:
        """Exchanges the code and checks the ID token. Refuses IdentityRefused, ProviderDown."""
        ...


_connect: Callable[[ProviderSettings], IdentityProvider] | None = None


def plug_identity_provider(connect: Callable[[ProviderSettings], IdentityProvider]) -> None:
    """Config says, once at the start, which link speaks with providers."""
    global _connect
    _connect = connect


def identity_provider(settings: ProviderSettings) -> IdentityProvider:
    assert _connect is not None, "config plugs no link for identity providers"
    return _connect(settings)
