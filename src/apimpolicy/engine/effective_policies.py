"""The effective policies of a gateway: documents by scope with named values in them, and the programs made of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy.engine.document import Policy, is_markup, load_policy, read_bytes
from apimpolicy.engine.observation import observer
from apimpolicy.engine.steps import Program, build
from apimpolicy.errors import ConfigurationError
from apimpolicy.policies.placement import SCOPES
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    AnyPolicy = str | bytes | Path | Source | Policy

GLOBAL_POLICY = "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>"
"""The global policy of a new service: it forwards the request."""
MOST_DOCUMENTS = 1024
MOST_PROGRAMS = 64


class EffectivePolicies:
    """Reads documents and builds programs, once for the same content.

    A file is looked at each time, so that a changed one counts at once; a text is its own key. When `named_values`
    change, everything is read anew; when `fragments` change, programs are built anew. `inherit_missing` and
    `cors_needs_base`: see `apimpolicy.engine.steps.build`.
    """

    def __init__(
        self,
        named_values: Mapping[str, str],
        fragments: Mapping[str, AnyPolicy],
        *,
        inherit_missing: bool,
        cors_needs_base: bool = False,
    ) -> None:
        self.cors_needs_base = cors_needs_base
        self.named_values = named_values
        self.fragments = fragments
        self.inherit_missing = inherit_missing
        self._values_put_in = dict(named_values)
        self._documents: dict[tuple[str, object], Policy] = {}
        self._programs: dict[tuple[tuple[str, object], ...], Program] = {}
        self._files: dict[Path, bytes] | None = None
        self._last_scopes: tuple[Mapping[str, AnyPolicy], dict[str, Policy]] | None = None
        self._last_program: tuple[dict[str, Policy], Program] | None = None

    def keep_files(self) -> None:
        """Read each file only once from now on, as do those that adopt: a search runs thousands of requests."""
        self._files = {}

    def adopt(self, other: EffectivePolicies) -> None:
        """Use what another gateway has read and built, where that would be the same."""
        if (self.named_values, self.fragments) == (other.named_values, other.fragments):
            self._documents = other._documents
            self._files = other._files
            mine, theirs = (self.inherit_missing, self.cors_needs_base), (other.inherit_missing, other.cors_needs_base)
            if mine == theirs:
                self._programs = other._programs

    def scopes(self, policy: AnyPolicy | Mapping[str, AnyPolicy]) -> dict[str, Policy]:
        """Return the documents by scope, the global one always there. Raises as `Gateway.run` does."""
        last = self._last_scopes
        if last is not None and last[0] == policy and self.named_values == self._values_put_in and observer() is None:
            return last[1]
        given = dict(policy) if isinstance(policy, (dict, Mapping)) else {"api": policy}
        unknown = [str(scope) for scope in given if scope not in SCOPES]
        if unknown:
            raise ConfigurationError(f"'{unknown[0]}' is not a scope; the scopes are {', '.join(SCOPES)}")
        given.setdefault("global", global_policy())
        scopes = {scope: self.document(given[scope], f"<{scope} policy>") for scope in SCOPES if scope in given}
        if isinstance(policy, dict) and all(type(each) is Policy for each in policy.values()):
            self._last_scopes = (dict(policy), scopes)
        return scopes

    def program(self, scopes: Mapping[str, Policy]) -> Program:
        """Return the steps of each section for these documents. Raises as `Gateway.run` does."""
        last = self._last_program
        if last is not None and last[0] == scopes and not self.fragments and observer() is None:
            return last[1]
        fragments = {name: self.document(text, f"<fragment {name}>") for name, text in self.fragments.items()}
        key = tuple((name, policy) for name, policy in (*scopes.items(), *fragments.items()))
        found = self._programs.get(key)
        if found is None:
            if len(self._programs) > MOST_PROGRAMS:
                self._programs.clear()
            found = self._programs[key] = build(scopes, fragments, self.inherit_missing, self.cors_needs_base)
        self._last_program = (dict(scopes), found) if not fragments else None
        return found

    def document(self, policy: AnyPolicy, name: str) -> Policy:
        """Return the document with named values in it; the same object for the same content."""
        if self.named_values != self._values_put_in:
            self._values_put_in = dict(self.named_values)
            self._documents = {}  # a new one: another gateway may have adopted the old one
        found = self._documents.get((name, policy)) if type(policy) is Policy else None
        if found is None:
            found = self._read(policy, name)
        if (watching := observer()) is not None:
            watching.document_loaded(found)
        return found

    def _read(self, policy: AnyPolicy, name: str) -> Policy:
        content: object = policy
        if isinstance(policy, Path) or (isinstance(policy, str) and not is_markup(policy)):
            name = str(policy)
            content = policy = self._bytes(Path(policy))
        elif isinstance(policy, Source):
            name, content = policy.path, (policy.text, policy.position(0))
        found = self._documents.get((name, content))
        if found is None:
            if len(self._documents) > MOST_DOCUMENTS:
                self._documents.clear()
            found = self._documents[name, content] = load_policy(policy, named_values=self.named_values, path=name)
        return found

    def _bytes(self, path: Path) -> bytes:
        """Return the content of a file; its first content where files are cached."""
        if self._files is None:
            return read_bytes(path)
        found = self._files.get(path)
        if found is None:
            found = self._files[path] = read_bytes(path)
        return found


@functools.cache
def global_policy() -> Policy:
    """Return the global policy of a new service."""
    return load_policy(GLOBAL_POLICY, path="<global policy>")
