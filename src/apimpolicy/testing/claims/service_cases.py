"""A request to a service for which a claim does not hold, as a test case of the file that tests the API's policy."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ApimPolicyError
from apimpolicy.testing.claims.requests import block_of, checked, claim_case
from apimpolicy.testing.claims.test_file_lookup import test_file_of
from apimpolicy.testing.test_file_search import is_case_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.scenarios.harness import Harness, Run
    from apimpolicy.testing.case_files import CaseFile
    from apimpolicy.testing.claims.reading import Claim
    from apimpolicy.testing.claims.services import Route


def service_case(file: CaseFile, claim: Claim, run: Run, harness: Harness, route: Route) -> tuple[str, str]:
    """Return the test file for the case, which need not exist, and the case as YAML, which has run.

    Both are empty when no test file can express the request.
    """
    for path, found in _files(file, route):
        try:
            case = _with_caller(claim_case(found, claim, run, harness), route)
            if path != file.path:
                case = {"name": case["name"], "service": _service(file, path), **case}
            return path, block_of(checked(path, case), 0)
        except ApimPolicyError:
            continue
    return "", ""


def _files(file: CaseFile, route: Route) -> Iterator[tuple[str, CaseFile]]:
    """Yield where the case may be written, and the defaults there: with the claim, with the API's policy, or alone."""
    if is_case_file(file.path):
        yield file.path, file
        return
    policy = route.policies.get("api")
    beside = test_file_of(str(policy)) if isinstance(policy, Path) else None
    if beside is not None:
        yield os.path.normpath(beside.path), beside
    name = re.sub(r"[^\w.-]+", "-", route.api) or "service"
    yield os.path.normpath(os.path.join(os.path.dirname(file.path), f"{name}.claims.test.yaml")), file


def _service(file: CaseFile, path: str) -> str:
    return os.path.relpath(file.path, os.path.dirname(path) or os.curdir).replace(os.sep, "/")


def _with_caller(case: dict[str, Any], route: Route) -> dict[str, Any]:
    """Add to a case the headers that select its API, the caller's key, and a subscription with that key."""
    request, caller = dict(case["request"]), route.caller
    if headers := {**request.get("headers", {}), **route.headers}:
        request["headers"] = headers
    if caller is None:
        return {**case, "request": request}
    gateway = {**case.get("gateway", {}), "subscriptions": {caller.id: caller.table()}}
    return {"name": case["name"], "gateway": {}, **case, "request": request} | {"gateway": gateway}
