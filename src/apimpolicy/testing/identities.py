"""Identity providers of a test file, and the tokens of its requests.

    openid-providers:
      login: {issuer: "https://login.contoso.example", audience: orders, claims: {roles: [reader]}}
      contoso: {tenant: 11111111-2222-3333-4444-555555555555}                   # of Microsoft Entra ID
    cases:
      - request: {get: /orders, token: login}                                   # Authorization: Bearer …
      - request: {get: /orders, token: {from: login, expires-in: -60}}          # expired a minute ago
      - request: {get: /orders, token: {from: login, claims: {roles: [writer]}, audience: other}}
      - request: {get: /orders, token: {from: login, signed-with: another-key}} # or: the-same-id, nothing
      - request: {get: /orders, token: {from: contoso, audience: "api://orders", version: 1}}
      - request: {get: /orders, token: login}
        openid-provider-states: {login: {reachable: false}}                   # or: {rotate: drop-old}

A provider publishes its configuration at the issuer's `/.well-known/openid-configuration`, or at `url`. For the keys
that a policy has itself there is `signed-with: {algorithm: HS256, secret: …}`, or `{certificate: partner}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.testing.format import PROVIDER, PROVIDER_STATE, SIGNING_KEY, TOKEN
from apimpolicy.testing.tree import MISSING, UNKNOWN_NAME, WRONG_KIND, Tree

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.gateway.engine.token_issuers import EntraTenant, OpenIdProvider
    from apimpolicy.gateway.engine.token_keys import TokenKey

    Issuer = OpenIdProvider | EntraTenant
    Certificates = Callable[[str, Tree], Certificate]

_PLACEMENT = frozenset(("from", "header", "query", "scheme"))
"""Keys about where a token is, which every token can have."""
_OF_A_TOKEN = (
    *("audience", "claims", "subject", "issuer", "expires-in", "starts-in", "client-id", "version", "jose-headers"),
)


class TestIdentities:
    """The providers of one test file. Each case has its own; their keys, which take time to make, are the same."""

    __test__ = False

    def __init__(self, asked: dict[str, Tree] | None = None) -> None:
        self._asked = asked or {}
        self._keys: dict[str, TokenKey] = {}
        for tree in self._asked.values():
            _check(tree)

    @property
    def names(self) -> Iterable[str]:
        return self._asked.keys()

    def key(self, name: str, algorithm: str) -> TokenKey:
        """Return the first key of a provider, or any other one under a name."""
        if name not in self._keys:
            from apimpolicy.gateway.engine.token_issuers import first_key

            self._keys[name] = first_key(algorithm, name)
        return self._keys[name]

    def of_case(self, changes: Mapping[str, Tree]) -> CaseIdentities:
        """New providers, for one case, which can have others, or null for none. Raises TestFileError."""
        asked = {**self._asked, **changes}
        found = {name: self._made(name, tree) for name, tree in asked.items() if tree.value is not None}
        return CaseIdentities(found, self)

    def _made(self, name: str, tree: Tree) -> Issuer:
        _check(tree)
        options = {key.replace("-", "_"): part.plain() for key, part in tree.known(PROVIDER).items()}
        try:
            made = self._issuer(options)
        except (TypeError, ConfigurationError) as error:
            raise tree.mistake(WRONG_KIND, f"this cannot be: {error}") from None
        made.keys = [self.key(f"{name} {made.algorithm}", made.algorithm)]
        return made

    @staticmethod
    def _issuer(options: dict[str, Any]) -> Issuer:
        if "tenant" in options:
            from apimpolicy.gateway.engine.token_issuers import EntraTenant

            return EntraTenant(options.pop("tenant"), **options)
        from apimpolicy.gateway.engine.token_issuers import OpenIdProvider

        return OpenIdProvider(options.pop("issuer"), **options)


def _check(tree: Tree) -> None:
    given = tree.known(PROVIDER)
    if ("issuer" in given) is ("tenant" in given):
        raise tree.mistake(MISSING, "a provider has an 'issuer', or a 'tenant' of Microsoft Entra ID")


class CaseIdentities:
    """The providers of one case, by name, in the states in which its steps leave them."""

    def __init__(self, providers: dict[str, Issuer], file: TestIdentities) -> None:
        self.providers = providers
        self.issued: Mapping[str, str] = {}
        """Tokens that real providers have issued, by the name of the provider in capital letters: `LOGIN_2`."""
        self._file = file

    def get(self, name: str, place: Tree) -> Issuer:
        """Return a provider by name. Raises TestFileError."""
        if name not in self.providers:
            known = ", ".join(self.providers) or "none: add a table 'openid-providers'"
            raise place.mistake(UNKNOWN_NAME, f"there is no identity provider '{name}'", help=f"There are {known}.")
        return self.providers[name]

    def change(self, states: Tree) -> None:
        """Let providers be unreachable or change their keys, from now on. Raises TestFileError."""
        for name, tree in states.table().items():
            given, provider = tree.known(PROVIDER_STATE), self.get(name, tree)
            if "rotate" in given:
                provider.rotate(keep_old=given["rotate"].value == "keep-old")
            if "reachable" in given:
                provider.is_reachable = given["reachable"].value

    def needs_other_token(self, tree: Tree) -> str | None:
        """Return why a request can't have the token that a real provider has issued; None if it can, or has none.

        A token with another key is a forged one, which everyone can make. Raises TestFileError.
        """
        given, name, _ = self._asked_of(tree)
        if variable_of(name) not in self.issued or "signed-with" in given or given.keys() <= _PLACEMENT:
            return None
        other = ", ".join(sorted(given.keys() - _PLACEMENT))
        return f"it needs another token of '{name}' than the one in APIMPOLICY_TOKEN_{variable_of(name)}: {other}"

    def _asked_of(self, tree: Tree) -> tuple[dict[str, Tree], str, Tree]:
        """Return the keys that describe a token, and the name of its provider with its place."""
        given = tree.known(TOKEN) if isinstance(tree.value, dict) else {"from": tree}
        place = given.get("from", tree)
        return given, place.text() if "from" in given else next(iter(self.providers), ""), place

    def token(self, tree: Tree, certificate: Certificates) -> tuple[str, dict[str, Tree]]:
        """Return the token of a request, and the keys that describe it. Raises TestFileError."""
        given, name, place = self._asked_of(tree)
        provider = self.get(name, place)
        if given.keys() <= _PLACEMENT and (issued := self.issued.get(variable_of(name))) is not None:
            return issued, given
        options: dict[str, Any] = {key.replace("-", "_"): given[key].plain() for key in _OF_A_TOKEN if key in given}
        if "jose_headers" in options:
            options["headers"] = options.pop("jose_headers")
        try:
            if "signed-with" in given:
                options["signed_with"] = self._key(given["signed-with"], name, provider, certificate)
            if "encrypted-for" in given:
                options["encrypted_for"] = _recipient(given["encrypted-for"], certificate)
            made = provider.token(**options)
        except (TypeError, ConfigurationError) as error:
            raise tree.mistake(WRONG_KIND, f"this token cannot be made: {error}") from None
        return made[: len(made) - given["cut"].value] if "cut" in given else made, given

    def _key(self, tree: Tree, name: str, provider: Issuer, certificate: Certificates) -> TokenKey:
        from apimpolicy.gateway.engine.token_keys import TokenKey

        if isinstance(tree.value, dict):
            given = tree.known(SIGNING_KEY)
            options = {key: given[key].text() for key in ("algorithm", "id") if key in given}
            if "certificate" in given:
                return TokenKey.of(certificate(given["certificate"].text(), given["certificate"]), **options)
            if "secret" not in given:
                raise tree.mistake(MISSING, "a key has a 'secret', or a 'certificate'")
            return TokenKey(**options, secret=given["secret"].text().encode())
        if tree.value == "nothing":
            return TokenKey("none")
        another = self._file.key(f"{tree.value} {name}", provider.algorithm)
        return another if tree.value == "another-key" else another.renamed(provider.key.id)


def variable_of(name: str) -> str:
    """Return the end of the environment variable that has a token of a provider, or the key of a subscription."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def _recipient(tree: Tree, certificate: Certificates) -> Certificate | bytes:
    if isinstance(tree.value, dict):
        return tree.known(("secret",))["secret"].text().encode()
    return certificate(tree.text(), tree)
