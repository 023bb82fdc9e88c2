"""Test files, `*.test.yaml` (or `.toml`, `.json`): cases for a policy, for people who do not program.

    policy: orders.xml                     # or policies: {global: global.xml, api: orders.xml}, or service: a folder
    defaults:                              # for every case; a case's own keys come on top
      gateway:                             # the keys of apimpolicy.toml; certificates by name (testing/certificates.py)
        negotiate-client-certificate: true
        certificates: {partner: partner}
      backend: {status: 200, json: {orders: []}}        # testing/doubles.py
    cases:
      - name: a partner gets through
        request: {get: /orders, certificate: partner}
        expect: {status: 200, backend-requests: 1}      # testing/expectations.py
      - name: $certificate is refused
        each: [{certificate: expired}, {certificate: revoked}]
        request: {get: /orders, certificate: $certificate}
        expect: {status: 403}
      - name: the second call within a minute is refused
        steps:
          - {request: {get: /orders}, expect: {status: 200}}
          - {request: {get: /orders}, expect: {status: 429}}
          - {advance: 60, request: {get: /orders}, expect: {status: 200}}

A part of a policy runs alone with `section: inbound` or `only: id-of-a-policy`, and `replace` puts doubles in the place
of policies (testing/policy_parts.py).

A policy is a path, or the document itself (a text that begins with `<`); a case may have its own `policy`, `policies`
or `service`. Without any, requests go to the service whose `apis` are among the keys of `gateway`.

Every case has a gateway of its own; its clock starts at `now` (2026-01-01T00:00:00Z) and moves on as `advance` and
waiting policies say. The nearest `apimpolicy.toml`, beside the file or above it, is the gateway that `gateway`
changes; `config` names another, or is `false`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.authority import USER, Author, author_of, may_name
from apimpolicy.project.files import read_bytes
from apimpolicy.project.service.leniency import KeptServices
from apimpolicy.records import Record
from apimpolicy.testing import doubles
from apimpolicy.testing.certificates import TestCertificates
from apimpolicy.testing.format import CASE, EXPECT, FILE, GIVEN, METHODS, OUTCOMES, PART, REQUEST, SCOPES, STEP, SUBJECT
from apimpolicy.testing.identities import TestIdentities
from apimpolicy.testing.kinds import check_keys, check_table
from apimpolicy.testing.tree import (
    ADDRESSES,
    MISSING,
    NOT_READABLE,
    UNKNOWN_KEY,
    UNKNOWN_NAME,
    WRONG_KIND,
    Mistakes,
    TestFileError,
    Tree,
    filled_tree,
    merged_trees,
    read_tree,
    with_mcp,
)
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.testing.claims.reading import Claim


class CaseStep(NamedTuple):
    """A request of a case, or a run of a resolver, with the expected response.

    `states` are the changes of identity providers before it.
    """

    request: Tree | None
    expect: Tree | None
    advance: float = 0.0
    resolve: Tree | None = None
    states: Tree | None = None


class CaseSubject(NamedTuple):
    """The subject of a test: policies by scope (a file's path, or the document itself), or a whole service.

    `service` is its folder or configuration file; without it and without policies the gateway's own settings have it.
    """

    policies: dict[str, str | Path]
    service: str | None = None


class Case(Record):
    """A case: a gateway, and one or more requests to it."""

    file: CaseFile
    name: str
    line: int
    given: dict[str, Tree]
    steps: list[CaseStep]
    subject: CaseSubject
    skip: str | None = None

    def __repr__(self) -> str:
        return f"<Case {self.name!r} {self.file.path}:{self.line}>"


class CaseFile:
    """A test file that has been read.

    `author` names the files in it. `subject` is what its cases test unless they name another one. `compiled` is a
    gateway of an earlier case, whose compiled documents the next ones use, and `kept` what was read of services for
    earlier cases.
    """

    def __init__(
        self,
        path: str,
        author: Author,
        subject: CaseSubject,
        config: str | None,
        certificates: TestCertificates,
        identities: TestIdentities | None = None,
    ) -> None:
        self.path = path
        self.author = author
        self.subject = subject
        self.config = config
        self.certificates = certificates
        self.identities = identities
        self.cases: list[Case] = []
        self.claims: list[Claim] = []
        self.defaults: dict[str, Tree] = {}
        self.compiled: Gateway | None = None
        self.kept = KeptServices()
        self.made_up: Mapping[str, frozenset[str]] = dict.fromkeys(("named_values", "fragments"), frozenset())
        """The named values and fragments among the defaults that are stand-ins: nothing is known from them."""


def load_case_file(path: str) -> CaseFile:
    """Read a test file. Raises TestFileError for its errors, ConfigurationError when it cannot be read."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8") from None
    if text.lstrip().startswith("<"):
        source = Source(text, path)
        message = "this is a policy, not a test file, which has its cases and claims"
        help_ = f"`apimpolicy new test {os.path.basename(path)}` writes one beside it, and tells how to run it."
        raise TestFileError([Diagnostic(NOT_READABLE, message, source, 0, 1, help=help_)])
    author = author_of(path)
    return _CaseFileReader(read_tree(text, path), path, author, author).read()


def load_case_tree(tree: Tree, path: str, author: Author | None = None) -> CaseFile:
    """Return the test file that a tree describes, with paths relative to `path`. Raises TestFileError.

    `author` names the files of its cases; what the file is about, the command has chosen.
    """
    return _CaseFileReader(tree, path, author or author_of(path), USER).read()


_NO_SUBJECT = CaseSubject({"api": "<policies />"})
"""The subject of a file whose own is a mistake."""


class _CaseFileReader:
    def __init__(self, tree: Tree, path: str, author: Author, chooser: Author) -> None:
        self.author = author
        self.chooser = chooser._replace(folder=os.path.dirname(path))
        """Who names the subject and the configuration of the whole file."""
        self.tree = tree
        self.path = path
        self.mistakes = Mistakes()
        self.given = tree.known(FILE, self.mistakes)

    def read(self) -> CaseFile:
        """Return the file. Raises TestFileError with all of its mistakes."""
        file = CaseFile(self.path, self.author, CaseSubject({}), None, TestCertificates())
        if self.given:
            with self.mistakes.kept():
                file = self._read()
        self.mistakes.end()
        return file

    def _read(self) -> CaseFile:
        check_keys({key: part for key, part in self.given.items() if key != "cases"}, FILE)
        asked = self.given["certificates"].table() if "certificates" in self.given else {}
        providers = self.given["openid-providers"].table() if "openid-providers" in self.given else {}
        subject: CaseSubject | None = _NO_SUBJECT
        with self.mistakes.kept():
            subject = self._subject(self.given, self.chooser)
        file = CaseFile(
            self.path,
            self.author,
            subject or CaseSubject({}),
            self._config(subject),
            TestCertificates(asked, self.author),
            TestIdentities(providers) if providers else None,
        )
        defaults = self.given["defaults"].known(GIVEN) if "defaults" in self.given else {}
        if "claims" in self.given:
            from apimpolicy.testing.claims.reading import claims_of

            file.claims = claims_of(self.given["claims"], self.path)
            file.defaults = defaults
            if "cases" not in self.given:
                return file
        cases = doubles.required(self.given, "cases", self.tree)
        if cases.value is None:
            return file
        cases.expect(list)
        for number, tree in enumerate(cases.items(), 1):
            with self.mistakes.kept():
                file.cases += self._cases(file, tree, number, defaults)
        return file

    def _subject(self, given: dict[str, Tree], author: Author) -> CaseSubject | None:
        """Return the subject that the file or a case names; None when it names none."""
        named = [name for name in SUBJECT if name in given]
        if not named:
            return None
        if len(named) > 1:
            raise given[named[1]].mistake(UNKNOWN_KEY, f"there is '{named[0]}' already; give one", at_key=True)
        if "service" in given:
            return CaseSubject({}, self._there(given["service"], author, "file or folder"))
        trees = given["policies"].known(SCOPES) if "policies" in given else {"api": given["policy"]}
        return CaseSubject({scope: self._policy(tree, author) for scope, tree in trees.items()})

    def _policy(self, tree: Tree, author: Author) -> str | Path:
        text = tree.text()
        return text if text.lstrip().startswith("<") else Path(self._there(tree, author, "file"))

    def _there(self, tree: Tree, author: Author, what: str) -> str:
        try:
            path = may_name(author, tree.text())
        except ConfigurationError as error:
            raise tree.mistake(UNKNOWN_NAME, str(error)) from None
        if not os.path.exists(path):
            raise tree.mistake(UNKNOWN_NAME, f"there is no {what} {path}")
        short = os.path.normpath(path)  # another file where a folder is a link
        return short if os.path.realpath(short) == os.path.realpath(path) else path

    def _config(self, subject: CaseSubject | None) -> str | None:
        if "config" in self.given:
            tree = self.given["config"]
            if tree.value in (False, None):
                return None
            return self._there(tree, self.chooser, "file")
        service = None if subject is None else subject.service
        if service is not None and not os.path.isdir(service):
            return service
        from apimpolicy.project.environments import find_configuration

        return find_configuration(self.chooser.folder if service is None else service)

    def _cases(self, file: CaseFile, tree: Tree, number: int, defaults: dict[str, Tree]) -> Iterator[Case]:
        if "each" not in tree.table():  # where it is, the values aren't known yet
            check_table(tree, CASE)
        given = tree.known(CASE)
        name = given["name"].text() if "name" in given else f"case {number}"
        if "each" not in given:
            yield self._case(file, tree, name, given, defaults)
            return
        rows = given.pop("each")
        for index, row in enumerate(rows.items(), 1):
            values = row.table()
            filled = {key: filled_tree(part, values) for key, part in given.items()}
            own = filled["name"].text() if "name" in filled else name
            is_one_of_several = own == name and len(rows.items()) > 1
            yield self._case(file, tree, f"{name} [{index}]" if is_one_of_several else own, filled, defaults)

    def _case(self, file: CaseFile, tree: Tree, name: str, given: dict[str, Tree], defaults: dict[str, Tree]) -> Case:
        check_keys(given, CASE)
        for expect in _expectations(given):
            check_outcome(expect)
        merged = dict(defaults)
        for key, part in given.items():
            merged[key] = merged_trees(merged[key], part, key) if key in merged else part
        if "mcp" not in given and _is_addressed(given):
            merged.pop("mcp", None)
        steps = list(self._steps(tree, merged, defaults))
        for step in steps:
            if step.request is not None:
                check_request(step.request)
        for key in ("backend", "outside", "dapr"):
            if key in merged:
                doubles.answers_of(merged[key], file.author)
        if any(key in merged for key in PART):
            from apimpolicy.testing.policy_parts import part_of

            part_of(merged, file.author)
        skip = merged["skip"].text() if "skip" in merged and merged["skip"].value is not False else None
        subject = self._subject(given, self.author) or file.subject
        if subject == CaseSubject({}) and not ("gateway" in merged and "apis" in merged["gateway"].table()):
            raise tree.mistake(MISSING, "'policy' is missing here", help="Say which policy is tested.")
        return Case(file, name, tree.line, merged, steps, subject, skip)

    def _steps(self, tree: Tree, merged: dict[str, Tree], defaults: dict[str, Tree]) -> Iterator[CaseStep]:
        if "steps" not in merged:
            if "expect" not in merged:
                raise tree.mistake(MISSING, "'expect' is missing here", help="Say what the response must be.")
            yield CaseStep(
                with_mcp(merged.get("request"), merged.get("mcp")),
                merged["expect"],
                resolve=merged.get("resolve"),
                states=merged.get("openid-provider-states"),
            )
            return
        for step in merged["steps"].items():
            keys = step.known(STEP)
            request, expect = merged.get("request"), defaults.get("expect")
            if "request" in keys:
                request = keys["request"] if request is None else merged_trees(request, keys["request"], "request")
            if "mcp" in keys or not _is_addressed(keys):
                request = with_mcp(with_mcp(request, merged.get("mcp")), keys.get("mcp"))
            if "expect" in keys:
                expect = keys["expect"] if expect is None else merged_trees(expect, keys["expect"], "expect")
            yield CaseStep(
                request,
                expect,
                float(keys["advance"].value) if "advance" in keys else 0.0,
                keys.get("resolve", merged.get("resolve")),
                keys.get("openid-provider-states"),
            )


def _is_addressed(given: dict[str, Tree]) -> bool:
    """Return whether a case or a step says itself where its request goes."""
    return "request" in given and not ADDRESSES.isdisjoint(given["request"].table())


def check_request(tree: Tree) -> None:
    """Raises TestFileError when a request is written wrongly."""
    keys = tree.known(REQUEST)
    methods = [key for key in METHODS if key in keys]
    if "mcp" in keys:
        from apimpolicy.testing.mcp_cases import check_mcp

        other = next((key for key in (*METHODS, "url", "method", "body", "json", "file") if key in keys), None)
        if other is not None:
            raise keys[other].mistake(WRONG_KIND, f"with 'mcp' there is no '{other}'", at_key=True)
        check_mcp(keys["mcp"])
        return
    if len(methods) + ("url" in keys) != 1:
        raise tree.mistake(
            MISSING if not methods else WRONG_KIND,
            "a request has one method with its URL",
            help="Write {get: /orders}, or {method: GET, url: /orders}.",
        )
    if methods and "method" in keys:
        raise keys["method"].mistake(WRONG_KIND, f"there is '{methods[0]}' already; give one", at_key=True)
    contents = [key for key in ("body", "json", "file") if key in keys]
    if len(contents) > 1:
        raise keys[contents[1]].mistake(WRONG_KIND, f"there is '{contents[0]}' already; give one", at_key=True)
    if "headers" in keys:
        keys["headers"].table()


def check_outcome(tree: Tree) -> None:
    """Raise TestFileError for an expectation of a response and of something in its place."""
    given = tree.known(EXPECT)
    outcomes = [key for key in given if key in OUTCOMES]
    if outcomes and len(given) > 1:
        other = next(key for key in given if key != outcomes[0])
        raise given[other].mistake(
            WRONG_KIND, f"with '{outcomes[0]}' there is no response, and no '{other}'", at_key=True
        )


def _expectations(given: dict[str, Tree]) -> Iterator[Tree]:
    """Yield what a case itself expects, of one request or of several."""
    for table in (given, *(step.table() for step in (given["steps"].items() if "steps" in given else ()))):
        if "expect" in table:
            yield table["expect"]
