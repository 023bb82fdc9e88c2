"""The tokens that callers show in searches: those that the checks of a policy accept, where it looks for them.

A key that the policy has itself signs tokens as one of a provider does.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from apimpolicy.gateway.engine.token_issuers import EntraTenant, OpenIdProvider
from apimpolicy.gateway.engine.token_keys import TokenKey
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.project.service.completion import publishes
from apimpolicy.project.service.likely_values import asked_by, literal_attribute, providers_of

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.steps import Step
    from apimpolicy.testing.identities import Issuer
    from apimpolicy.text.document import Element

OWN = "key-of-the-policy"
"""The name of the provider whose tokens a key in the policy signs."""
_ALGORITHM = "HS256"
_SCHEME = "Bearer"
_READ = re.compile(r"""\.(Headers|Query)(?:\.\w+\(|\[)\s*(?:"|&quot;)([\w-]+)(?:"|&quot;)""")
"""A header or a parameter that an expression reads."""
_CUT = re.compile(r"\b(?:Split|Substring|Replace|Remove|TrimStart)\(")
"""Calls that cut the scheme, such as `Bearer`, from a header."""


class CallerTokens:
    """The providers whose tokens policies check, by name, with the keys of a test file's token that they accept."""

    def __init__(self, issuers: Mapping[str, Issuer], declared: Iterable[str], steps: Iterable[Step]) -> None:
        self.issuers = dict(issuers)
        self.asked: dict[str, dict[str, Any]] = {}
        checks = {id(each.element): each.element for each in steps if has_trait(each.name, "checks-token")}
        known = set(declared)
        for name, issuer in issuers.items():
            asked = _asked_of(issuer, checks.values(), has_claims=name in known)
            if asked is not None or name in known:
                self.asked[name] = asked or {}
        for number, check in enumerate((each for each in checks.values() if _signing_key(each) is not None), start=1):
            name = OWN if number == 1 else f"{OWN}-{number}"
            table = asked_by(check)
            if name not in self.issuers:
                self.issuers[name] = OpenIdProvider(table["issuer"], algorithm=_ALGORITHM)
                self.issuers[name].name = name
            wanted = {key: value for key, value in table.items() if key in ("audience", "claims")}
            self.asked[name] = {**_place(check), **wanted, "signed-with": _signing_key(check)}

    @property
    def own(self) -> list[Issuer]:
        """Return the providers that stand for keys of the policy, which a gateway gives its time."""
        return [issuer for name, issuer in self.issuers.items() if name.startswith(OWN)]

    @property
    def names(self) -> list[str]:
        return list(self.asked)

    @staticmethod
    def share(old: CallerTokens, new: CallerTokens) -> None:
        """Make the tokens of both versions of a policy the same, as one request has them.

        They have no claims by themselves: what one version requires, the other may refuse. Each version keeps its own
        providers, which have the time of its gateway.
        """
        asked = {
            name: {key: value for key, value in table.items() if key != "claims"}
            for name, table in {**old.asked, **new.asked}.items()
        }
        for one, other in ((old, new), (new, old)):
            one.issuers = {**other.issuers, **one.issuers}
            one.asked = asked

    def options(self, provider: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keys of a token, as a test file has them."""
        asked = self.asked.get(provider, {})
        claims = {**asked.get("claims", {}), **options.get("claims", {})}
        return {**asked, **options, **({"claims": claims} if claims else {})}

    def __call__(self, provider: str, options: Mapping[str, Any]) -> tuple[str, str]:
        """Return the header and its value, or the parameter with a question mark before it."""
        return sent_token(self.issuers[provider], self.options(provider, options))


def sent_token(issuer: Issuer, options: Mapping[str, Any]) -> tuple[str, str]:
    """Return the header and its value, or the parameter with a question mark before it, of the keys of a token."""
    given = {name.replace("-", "_"): value for name, value in options.items()}
    header, query, scheme = given.pop("header", "Authorization"), given.pop("query", None), given.pop("scheme", _SCHEME)
    if "signed_with" in given:
        given["signed_with"] = _key(given["signed_with"])
    token = issuer.token(**given)
    return (f"?{query}", token) if query is not None else (header, f"{scheme} {token}".strip())


def _key(signing: str | Mapping[str, str]) -> TokenKey:
    if isinstance(signing, str):
        return TokenKey("none")
    return TokenKey(signing["algorithm"], id="", secret=signing["secret"].encode())


def _asked_of(issuer: Issuer, checks: Iterable[Element], *, has_claims: bool) -> dict[str, Any] | None:
    """Return what policies ask of tokens beyond an issuer's defaults; None if they take no token of it.

    `has_claims`: the defaults are the user's, so that only what they lack is asked for.
    """
    knows = publishes(issuer)
    found = next(((check, table) for check, table in providers_of(checks) if knows(table["url"])), None)
    if found is None:
        return None
    check, table = found
    asked = _place(check)
    audience = getattr(issuer, "audience", None)
    if "audience" in table and (audience is None or (not has_claims and audience != table["audience"])):
        asked["audience"] = table["audience"]
    given = {"tid": issuer.id} if isinstance(issuer, EntraTenant) else issuer.claims
    claims = {name: value for name, value in table.get("claims", {}).items() if name not in given}
    if not has_claims and not isinstance(issuer, EntraTenant):
        claims = {name: value for name, value in table.get("claims", {}).items() if given.get(name) != value}
    return asked | ({"claims": claims} if claims else {})


def _place(check: Element) -> dict[str, Any]:
    """Return where a check looks for the token, as a test file says where to put it."""
    if query := literal_attribute(check, "query-parameter-name"):
        return {"query": query}
    value = check.get("token-value")
    read = _READ.search(value.value.text) if value is not None else None
    if read is not None and read[1] == "Query":
        return {"query": read[2]}
    if read is not None and _CUT.search(value.value.text) is not None:  # type: ignore[union-attr]
        return {} if read[2].lower() == "authorization" else {"header": read[2]}
    header = literal_attribute(check, "header-name") if read is None else read[2]
    header = header or "Authorization"
    if header.lower() != "authorization":
        return {"header": header, "scheme": ""}
    scheme = literal_attribute(check, "require-scheme") or _SCHEME
    return {} if scheme == _SCHEME else {"scheme": scheme}


def _signing_key(check: Element) -> str | dict[str, str] | None:
    """Return the key with which a caller can sign: a secret of the policy, or `nothing` where none is needed."""
    if literal_attribute(check, "require-signed-tokens").lower() == "false" and not any(providers_of([check])):
        return "nothing"
    for key in check.descendants():
        if key.name == "key" and getattr(key.parent, "name", "") == "issuer-signing-keys" and key.expression is None:
            try:
                secret = base64.b64decode(key.text.strip(), validate=True).decode()
            except (binascii.Error, ValueError):
                continue
            if secret:
                return {"algorithm": _ALGORITHM, "secret": secret}
    return None
