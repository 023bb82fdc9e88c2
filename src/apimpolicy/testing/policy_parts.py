"""Cases that run a part of a policy, and doubles of policies.

- name: a caller without a token is refused
  section: inbound                     # or several: [inbound, backend]
  replace:                             # by the policies' ids, or places
    ask-partner: {variables: {partner: contoso}}
    check-quota: {error: {reason: QuotaExceeded, message: no more, status: 403}}
    log: {}                            # does nothing
    outbound/set-body[2]: {}
    api inbound/base[1]: {error: {source: rate-limit, status: 429}}     # a wider scope refuses
  expect: {request: {headers: {X-Partner: contoso}}}
- name: the header says what the backend answered
  only: tell-status                    # a policy's id, or its place: outbound/set-header[1]
  response: {status: 503}
- name: what callers read of an error
  section: on-error
  last-error: {source: forward-request, reason: Timeout}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apimpolicy.project.authority import Author
from apimpolicy.testing.doubles import response_of
from apimpolicy.testing.format import DOUBLE, DOUBLE_ERROR, ERROR
from apimpolicy.testing.tree import WRONG_KIND, Tree


def part_of(given: Mapping[str, Tree], author: Author, *, of_service: bool = False) -> dict[str, Any]:
    """Return the arguments of `Gateway.run` (or `send`) that a case's keys stand for. Raises TestFileError."""
    found: dict[str, Any] = {}
    if "section" in given:
        found["section"] = given["section"].texts()
    if "only" in given:
        found["only"] = given["only"].text()
    if "response" in given:
        found["response"] = response_of(given["response"], author)
    if "last-error" in given:
        texts = given["last-error"].known(ERROR)
        found["last_error"] = {name.replace("-", "_"): tree.text() for name, tree in texts.items()}
    if "replace" in given:
        found["doubles"] = {name: _double(tree, author) for name, tree in given["replace"].table().items()}
    if of_service and (more := [key for key in given if key in ("section", "only", "response", "last-error")]):
        raise given[more[0]].mistake(WRONG_KIND, f"'{more[0]}' needs a policy, not a whole service", at_key=True)
    return found


def _double(tree: Tree, author: Author) -> Any:
    from apimpolicy.gateway.engine.partial_runs import PolicyDouble

    if tree.value is None:
        return None
    given = tree.known(DOUBLE)
    options: dict[str, Any] = {}
    if "variables" in given:
        options["variables"] = given["variables"].plain()
    if "headers" in given:
        options["headers"] = {name: value.text() for name, value in given["headers"].table().items()}
    if "error" in given:
        error = given["error"].known(DOUBLE_ERROR)
        options["error"] = {name.replace("-", "_"): part.plain() for name, part in error.items()}
    if "response" in given:
        options["response"] = response_of(given["response"], author)
    return PolicyDouble(**options)
