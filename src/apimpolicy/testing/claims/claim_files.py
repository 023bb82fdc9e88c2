"""Find the claims of test files and configurations below folders."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.errors import ConfigurationError, DiagnosticError
from apimpolicy.project.layout import extracts_in
from apimpolicy.project.service.reading import has_service
from apimpolicy.report.terminal import render_all
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.claims.configured import configurations_with_claims, file_of, named_claims_of
from apimpolicy.testing.test_file_search import find_test_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.testing.case_files import CaseFile
    from apimpolicy.testing.claims.reading import Claim


class FoundClaims(NamedTuple):
    """Files with their claims, and for each file that can't be read the reason."""

    files: list[tuple[CaseFile, list[Claim]]]
    unreadable: dict[str, str]


def find_claims(paths: Sequence[str], words: Sequence[str] = ()) -> FoundClaims:
    """Return the claims among and below `paths`, limited to those with one of `words` in their name or file."""
    found = FoundClaims([], {})
    configured = list(configurations_with_claims(paths))
    readers = {path: load_case_file for path in find_test_files(paths) if path not in configured}
    for path, read in {**dict.fromkeys(configured, file_of), **readers}.items():
        try:
            file = read(path)
        except DiagnosticError as error:
            found.unreadable[path] = render_all(error.diagnostics)
            continue
        except ConfigurationError as error:
            found.unreadable[path] = str(error)
            continue
        claims = [claim for claim in file.claims if _is_wanted(claim, words)]
        if claims:
            found.files.append((file, claims))
    return found


def claims_of_services(paths: Sequence[str]) -> list[tuple[CaseFile, list[Claim]]]:
    """Return the named claims about each of these folders that has a service: what `prove` decides without others."""
    folders = [path for path in paths if os.path.isdir(path)]
    services = [each for path in folders for each in ([path] if has_service(path) else extracts_in(path))]
    files = [named_claims_of(each) for each in services]
    return [(file, file.claims) for file in files]


def _is_wanted(claim: Claim, words: Sequence[str]) -> bool:
    text = f"{claim.path} {claim.name}".lower()
    return not words or any(word.lower() in text for word in words)
