"""The fragments that a policy includes, for its first test file: the configuration's, a file beside it, or nothing.

An unknown fragment is looked for near the policy by its id. Without such a file, an empty one replaces it.
"""

from __future__ import annotations

import os
import re
from html import unescape
from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError, DiagnosticError
from apimpolicy.project.configuration import load_configuration
from apimpolicy.project.configuration_files import find_configuration
from apimpolicy.project.layout import fragments_of, place_of
from apimpolicy.project.named_values import read_text
from apimpolicy.testing.first_surroundings import add_named_values, add_needs, subject_of

if TYPE_CHECKING:
    from apimpolicy.checks.subject import Subject
    from apimpolicy.testing.first_surroundings import Surroundings

_COMMENTS = re.compile(r"<!--.*?-->", re.DOTALL)
_INCLUDES = re.compile(r"""<include-fragment\s[^>]*?fragment-id\s*=\s*["']([^"'{]+)["']""")
EMPTY = "<fragment />"
_FOLDERS = ("", "fragments", "policy-fragments", "policyFragments", "../fragments", "../policy-fragments", "..")
_NAMES = ("{}.xml", "{}.policy", "frag-{}.xml", "pf-{}.xml", "fragment-{}.xml", "{}.fragment.xml", "{}/policy.xml")


def add_fragments(around: Surroundings, subject: Subject, policy: str, output: str) -> None:
    """Add the fragments that the policy includes and the configuration lacks. Raises ConfigurationError."""
    waiting = list(_included(subject.document.source.text))
    if not waiting:
        return
    configuration = find_configuration(os.path.dirname(os.path.abspath(output)))
    known = {} if configuration is None else load_configuration(configuration).fragment_paths()
    found: dict[str, str] = {}
    folder = os.path.dirname(os.path.abspath(output))
    while waiting:
        name = waiting.pop(0)
        if name not in known and name not in found:
            found[name] = _near(name, policy, folder)
            if found[name] != EMPTY:
                text = read_text(os.path.join(folder, found[name]))
                waiting += _included(text)
                add_named_values(around, text)
                _add_needs(around, os.path.join(folder, found[name]))
    if found:
        around.defaults.setdefault("gateway", {})["fragments"] = found


def _add_needs(around: Surroundings, path: str) -> None:
    """Add what a fragment needs; an invalid one is reported where it is included."""
    try:
        add_needs(around, subject_of(path))
    except (ConfigurationError, DiagnosticError):
        return


def without_files(around: Surroundings) -> None:
    """Replace fragments of files that a gateway would not accept by empty ones."""
    fragments = around.defaults.get("gateway", {}).get("fragments", {})
    for name in fragments:
        fragments[name] = EMPTY


def section_of(subject: Subject) -> str:
    """Return the section in which a fragment finds what it reads; inbound for any other document."""
    text = subject.document.source.text
    root = subject.document.root
    if root is None or root.name != "fragment":
        return "inbound"
    return "on-error" if "context.LastError" in text else "outbound" if "context.Response" in text else "inbound"


def put_into_document(fragments: dict[str, str], policy: str, output: str, section: str) -> str:
    """Return a document that includes a fragment in a section, and add the fragment to those of the gateway."""
    name = re.sub(r"[^A-Za-z0-9-]+", "-", os.path.splitext(os.path.basename(policy))[0]).strip("-") or "fragment"
    fragments[name] = os.path.relpath(policy, os.path.dirname(os.path.abspath(output)))
    sections = ("inbound", "backend", "outbound", "on-error")
    include = f'<include-fragment fragment-id="{name}" />'
    inner = "".join(f"<{each}><base />{include if each == section else ''}</{each}>" for each in sections)
    return f"<policies>{inner}</policies>"


def _included(text: str) -> list[str]:
    return [unescape(found[1]) for found in _INCLUDES.finditer(_COMMENTS.sub("", text))]


def _near(name: str, policy: str, output: str) -> str:
    """Return the file of a fragment as a test file in the folder `output` names it, or an empty one."""
    if os.path.basename(name) == name:
        folder = os.path.dirname(os.path.abspath(policy))
        for inner in _FOLDERS:
            for pattern in _NAMES:
                path = os.path.normpath(os.path.join(folder, inner, pattern.format(name)))
                if os.path.isfile(path) and path != os.path.abspath(policy):
                    return os.path.relpath(path, output)
        root = place_of(policy).root
        if root is not None and name in (known := fragments_of(root)):
            return os.path.relpath(known[name], output)
    return EMPTY
