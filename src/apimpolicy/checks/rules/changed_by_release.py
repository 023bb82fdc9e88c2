"""changed-by-release: a release of API Management changed what a policy does.

**What it does.** With `--release 2026-06`, lists the policies and expressions that the changes of that release touch,
as far as Microsoft's release notes state a change at run time. Nothing is listed without `--release`.

**Why it matters.** Azure updates the gateway by itself over some weeks. What a policy relied on can be different
afterwards.

**Example**

```xml
<llm-semantic-cache-store duration="60" />
```

Since June 2026 only responses with status 200 are stored by default.

**Use instead** nothing: read what changed, and test the policy.

**Sources.** https://github.com/Azure/API-Management/blob/main/changelogs/api-management-service.md
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from apimpolicy.checks.rule import Findings, Rule, Severity

_WORDS = re.compile(r"\w+")


class ChangedByRelease(Rule):
    code = "POL146"
    severity = Severity.INFO
    known = ("release",)

    def finish(self) -> Findings:
        release = self.settings.release
        for change in changes():
            if change["release"] != release or change.get("state") == "about something else":
                continue
            message = f"changed in {release}: {change['text']}"
            names = change.get("elements", ())
            yield from (self.at_element(each, message) for each in self.subject.elements if each.name in names)
            words = frozenset(change.get("code", ()))
            for expression in self.subject.expressions:
                if not words.isdisjoint(_WORDS.findall(expression.excerpt.text)):
                    yield self.at_element(expression.element, message)


@cache
def changes() -> list[dict[str, Any]]:
    """Return the changes of the gateway that release notes state, newest first."""
    import os
    import tomllib

    with open(os.path.join(os.path.dirname(os.path.dirname(__file__)), "releases.toml"), "rb") as file:
        return list(tomllib.load(file)["changes"])


def releases() -> list[str]:
    return list(dict.fromkeys(change["release"] for change in changes()))
