"""`check` from Python: the findings of files and trees, as values.

for diagnostic in check("policies"):
    print(diagnostic)                     policies/orders.xml:5:60: CS1061 error: …
"""

from __future__ import annotations

import os
from itertools import chain
from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.check_run import CheckRun
from apimpolicy.project.discovery import discover, searched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from apimpolicy.diagnostics import Diagnostic


def check(
    path: str | os.PathLike[str],
    *,
    config: str | os.PathLike[str] | None = None,
    named_values: Mapping[str, str] | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    rule_files: Sequence[str | os.PathLike[str]] = (),
    environment: str | None = None,
) -> list[Diagnostic]:
    """Return the findings in a policy file, or in all policies of a folder, in the order of the files.

    The same as `apimpolicy check PATH`: settings are those of the nearest `apimpolicy.toml` above each file unless
    `config` names one; `select` and `ignore` take codes, beginnings of codes and names of rules; `rule_files` are
    files of Python with rules of your own. `environment` is the name of one, or `all`. Baselines do not count here.

    Raises ConfigurationError when a file cannot be read, a folder has no policies, or a setting is wrong.
    """
    options = CheckOptions(
        config=None if config is None else os.fspath(config),
        named_values=None if named_values is None else dict(named_values),
        select=tuple(select),
        ignore=tuple(ignore),
        rule_files=tuple(os.fspath(file) for file in rule_files),
        environment=environment,
    )
    projects = CheckProjects(options)
    found = discover([os.fspath(path)], projects)
    if found.unreadable:
        raise ConfigurationError(found.unreadable[0])
    if found.empty:
        raise ConfigurationError(f"there are no policies in {os.fspath(path)}: {searched()}")
    run = CheckRun(projects)
    run.services.check_options(found.files)
    diagnostics: list[Diagnostic] = []
    for checked in chain(map(run.one, found.files), run.information(found.files, found.trees)):
        if checked.problem is not None:
            raise ConfigurationError(checked.problem)
        diagnostics += checked.diagnostics()
    return diagnostics
