"""Identity providers of a test file, and the tokens of its requests.

    identity-providers:
      login: {issuer: "https://login.contoso.example", audience: orders, claims: {roles: [reader]}}
    cases:
      - request: {get: /orders, token: login}                                   # Authorization: Bearer …
      - request: {get: /orders, token: {from: login, expires-in: -60}}          # expired a minute ago
      - request: {get: /orders, token: {from: login, claims: {roles: [writer]}, audience: other}}
      - request: {get: /orders, token: {from: login, signed-with: another-key}} # or: nothing

A provider publishes its configuration at the issuer's `/.well-known/openid-configuration`, or at `url`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.testing.format import PROVIDER, TOKEN
from apimpolicy.testing.tree import MISSING, UNKNOWN_NAME, WRONG_KIND, Tree

if TYPE_CHECKING:
    from apimpolicy.engine.openid_provider import OpenIdProvider

_SIGNATURES = ("another-key", "nothing")


class TestIdentities:
    """The providers of one test file; each is made when it is first needed, since keys take their time."""

    __test__ = False

    def __init__(self, asked: dict[str, Tree] | None = None) -> None:
        self._asked = asked or {}
        self._made: dict[str, OpenIdProvider] = {}
        for tree in self._asked.values():
            given = tree.known(PROVIDER)
            if "issuer" not in given:
                raise tree.mistake(MISSING, "'issuer' is missing here")

    def providers(self) -> list[OpenIdProvider]:
        """All of them, for the gateway."""
        return [self.get(name) for name in self._asked]

    def get(self, name: str, place: Tree | None = None) -> OpenIdProvider:
        """A provider by name. Raises TestFileError."""
        if name not in self._asked:
            assert place is not None
            known = ", ".join(self._asked) or "none: add a table 'identity-providers'"
            raise place.mistake(UNKNOWN_NAME, f"there is no identity provider '{name}'", help=f"There are {known}.")
        if name not in self._made:
            from apimpolicy.engine.openid_provider import OpenIdProvider

            given = {key: part.plain() for key, part in self._asked[name].known(PROVIDER).items()}
            self._made[name] = OpenIdProvider(given.pop("issuer"), **given)
        return self._made[name]

    def header(self, tree: Tree) -> tuple[str, str]:
        """The header that carries the token which a request asks for. Raises TestFileError."""
        given = tree.known(TOKEN) if isinstance(tree.value, dict) else {"from": tree}
        place = given.get("from", tree)
        name = place.text() if "from" in given else next(iter(self._asked), "")
        provider = self.get(name, place)
        options: dict[str, Any] = {
            key.replace("-", "_"): given[key].plain()
            for key in ("audience", "claims", "subject", "issuer", "expires-in", "starts-in")
            if key in given
        }
        if "signed-with" in given:
            options["signed_with"] = _key(given["signed-with"])
        header = given["header"].text() if "header" in given else "Authorization"
        scheme = given["scheme"].text() if "scheme" in given else "Bearer"
        return header, f"{scheme} {provider.token(**options)}".strip()


def _key(tree: Tree) -> Any:
    from apimpolicy.engine.token_keys import TokenKey

    wanted = tree.text()
    if wanted not in _SIGNATURES:
        raise tree.mistake(WRONG_KIND, f"this is one of {', '.join(_SIGNATURES)}")
    return TokenKey() if wanted == "another-key" else TokenKey("none")
