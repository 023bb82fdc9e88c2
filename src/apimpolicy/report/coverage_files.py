"""Coverage written to files, in the format that a file's name ends with."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import write_whole

if TYPE_CHECKING:
    from apimpolicy.report.coverage_data import CoverageReport

FORMATS = {".html": "HTML", ".json": "JSON", ".xml": "Cobertura", ".info": "LCOV"}
"""The formats by the endings of names."""


def check_name(path: str) -> None:
    """Raises ConfigurationError when a file's name does not say its format, before tests run for nothing."""
    if _ending(path) not in FORMATS:
        known = ", ".join(f"{ending} ({name})" for ending, name in FORMATS.items())
        raise ConfigurationError(f"{path} does not end in the name of a format; there are {known}")


def write_coverage(report: CoverageReport, path: str) -> None:
    """Write a report. Raises ConfigurationError when the name has no format, or the file cannot be written."""
    check_name(path)
    text = _formatted(report, _ending(path)) + "\n"
    write_whole(path, text.encode("utf-8", "backslashreplace"))


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _formatted(report: CoverageReport, ending: str) -> str:
    if ending == ".html":
        from apimpolicy.report.coverage_html import coverage_to_html

        return coverage_to_html(report)
    if ending == ".json":
        from apimpolicy.report.coverage_json import coverage_to_json

        return coverage_to_json(report)
    if ending == ".xml":
        from apimpolicy.report.coverage_cobertura import coverage_to_cobertura

        return coverage_to_cobertura(report, os.getcwd(), int(time.time() * 1000))
    from apimpolicy.report.coverage_lcov import coverage_to_lcov

    return coverage_to_lcov(report)
