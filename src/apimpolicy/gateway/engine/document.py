"""Policy documents as the engine takes them, and the effective policies of a gateway: the documents of all scopes."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from apimpolicy.checkout import open_bytes
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.errors import ConfigurationError, PolicySyntaxError
from apimpolicy.gateway.engine.observation import observer
from apimpolicy.gateway.engine.steps import Program, build
from apimpolicy.gateway.policies.placement import SCOPES, SECTIONS
from apimpolicy.gateway.policies.registry import is_known
from apimpolicy.gateway.policies.validation import validate
from apimpolicy.text.document import Document, Element
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import find_named_values, substitute
from apimpolicy.text.source import Source, decode

_texts: dict[str, bytes] = {}


@contextmanager
def replace_file(path: str, data: bytes) -> Iterator[None]:
    """Let the engine read `data` where it would read this policy file."""
    name = os.path.abspath(path)
    _texts[name] = data
    try:
        yield
    finally:
        del _texts[name]


def replacement_of(path: str | os.PathLike[str]) -> bytes | None:
    """Return the replaced content of a file; None when the file itself is to be read."""
    return _texts.get(os.path.abspath(path)) if _texts else None


MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
"""Longer files are not read: no gateway would take one of even a hundredth of that."""


class Policy:
    """A policy document that can be read.

    `sections` are the policies of its sections, by the section's name; those of a fragment, and policies that stand
    alone, are in `inbound`.
    `diagnostics` are the findings that did not keep it from being read: names, attributes, sections.
    """

    __slots__ = ("diagnostics", "document", "named_values", "original", "sections")

    def __init__(
        self,
        document: Document,
        original: Source,
        diagnostics: list[Diagnostic],
        named_values: Mapping[str, str] | None,
    ) -> None:
        self.document = document
        self.original = original
        self.diagnostics = diagnostics
        self.named_values = named_values
        self.sections: dict[str, tuple[Element, ...]] = {}
        root = document.root
        assert root is not None
        if root.name == "policies" or root.name in SECTIONS:
            for section in root.elements() if root.name == "policies" else document.roots:
                self.sections.setdefault(section.name, tuple(section.elements()))
        else:
            self.sections["inbound"] = tuple(root.elements() if root.name == "fragment" else document.roots)

    @property
    def path(self) -> str:
        """Return the file's path, or the name of the text."""
        return self.original.path

    @property
    def root(self) -> Element:
        """Return the outermost element: `policies`, `fragment`, or the first section."""
        root = self.document.root
        assert root is not None
        return root

    @property
    def is_fragment(self) -> bool:
        return self.root.name == "fragment"

    @property
    def errors(self) -> list[Diagnostic]:
        """Return the diagnostics for which the gateway would refuse the document."""
        return [finding for finding in self.diagnostics if finding.severity is Severity.ERROR]

    def with_named_values(self, values: Mapping[str, str]) -> Policy:
        """Return the document with its named values replaced. Raises PolicySyntaxError (POL001: one is missing)."""
        if self.named_values is not None or not find_named_values(self.original.text):
            return self
        return _read(self.original, [], values)

    def __repr__(self) -> str:
        return f"<Policy {self.path}: {', '.join(self.sections)}>"


def load_policy(policy: AnyPolicy, *, named_values: Mapping[str, str] | None = None, path: str | None = None) -> Policy:
    """Read a policy document from a file's path, or from its text (which begins with `<`).

    `path` is the name of a text in diagnostics. Without `named_values`, `{{references}}` stay as they are until a
    gateway puts its own in. Raises PolicySyntaxError when the document cannot be read, ConfigurationError when the file
    cannot.
    """
    if isinstance(policy, Policy):
        return policy if named_values is None else policy.with_named_values(named_values)
    if isinstance(policy, Source):
        return _read(policy, [], named_values)
    if isinstance(policy, Path) or (isinstance(policy, str) and not is_markup(policy)):
        path = path or str(policy)
        policy = read_bytes(Path(policy))
    if isinstance(policy, bytes):
        source, findings = decode(policy, path or "<policy>")
    else:
        source, findings = Source(policy.removeprefix("\ufeff"), path or "<policy>"), []
    return _read(source, findings, named_values)


def is_markup(text: str) -> bool:
    """Return whether a text is a document itself, not the path of one."""
    return text.lstrip("\ufeff \t\r\n").startswith("<") or not text.strip()


def read_bytes(path: Path, kind: str = "policy") -> bytes:
    """Return the bytes of a file. Raises ConfigurationError when it cannot be read or is far too large."""
    if (text := replacement_of(path)) is not None:
        return text
    try:
        with open_bytes(path) as file:
            data = file.read(MAX_DOCUMENT_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"cannot read the {kind} {str(path)[:300]!r}: {reason}") from None
    if len(data) > MAX_DOCUMENT_BYTES:
        raise ConfigurationError(f"the {kind} {str(path)!r} is larger than {MAX_DOCUMENT_BYTES // 1024**2} MB")
    return data


read_template: Callable[[Source], Source] | None = None
"""The function that gives placeholders of templates names, as those of named values have, where commands set it."""


@contextmanager
def _templates_read_by(reader: Callable[[Source], Source] | None) -> Iterator[None]:
    global read_template
    before, read_template = read_template, reader or read_template
    try:
        yield
    finally:
        read_template = before


def _read(original: Source, findings: list[Diagnostic], named_values: Mapping[str, str] | None) -> Policy:
    if read_template is not None and original.origin is None:
        original = read_template(original)
    source = original
    findings = list(findings)
    if named_values is not None:
        source, missing = substitute(original, named_values)
        findings += missing
    document = read(source)
    findings += document.diagnostics
    if any(finding.severity is Severity.ERROR for finding in findings) or document.root is None:
        raise PolicySyntaxError(findings)
    root = document.root
    if root.name not in (*SECTIONS, "policies", "fragment") and not is_known(root.name):
        raise PolicySyntaxError(validate(document))
    return Policy(document, original, findings + validate(document), named_values)


AnyPolicy: TypeAlias = str | bytes | Path | Source | Policy
GLOBAL_POLICY = "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>"
"""The global policy of a new service: it forwards the request."""
MOST_DOCUMENTS = 1024
MOST_PROGRAMS = 64


class EffectivePolicies:
    """Reads documents and builds programs, once for the same content.

    A file is looked at each time, so that a changed one counts at once; a text is its own key. When `named_values`
    change, everything is read anew; when `fragments` change, programs are built anew. `inherit_missing` and
    `cors_needs_base`: see `apimpolicy.gateway.engine.steps.build`.
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
        self.read_template: Callable[[Source], Source] | None = None
        """In the place of the function of this module, for the documents that are read from here on."""
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
            with _templates_read_by(self.read_template):
                found = load_policy(policy, named_values=self.named_values, path=name)
            self._documents[name, content] = found
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
