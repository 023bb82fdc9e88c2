"""Policy documents as the engine takes them: a path, a text, or a `Policy` read before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy.checkout import open_bytes
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.engine.replaced_files import replacement_of
from apimpolicy.errors import ConfigurationError, PolicySyntaxError
from apimpolicy.policies.registry import is_known
from apimpolicy.policies.spec import SECTIONS
from apimpolicy.policies.validation import validate
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import find_named_values, substitute
from apimpolicy.text.source import Source, decode

if TYPE_CHECKING:
    from apimpolicy.text.document import Document, Element

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


def load_policy(
    policy: str | bytes | Path | Source | Policy,
    *,
    named_values: Mapping[str, str] | None = None,
    path: str | None = None,
) -> Policy:
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
