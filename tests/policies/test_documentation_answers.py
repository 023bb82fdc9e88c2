"""The examples of Microsoft's documentation do what their pages say: `documentation/scenarios.yaml` has the requests.

`file` is the example's name without its ending, of the page "<policy>-policy.md"; `fill` puts texts in place of those
that the reader is to fill in, `before` and `before-inbound` are policies that the example needs in front of it.
`because` says where we do not follow the page. `test_documentation_examples.py` has how an example becomes a document,
and which examples do not run at all.
"""

from __future__ import annotations

from typing import Any

import pytest
from scenarios import check
from test_documentation_examples import DOCUMENTS, SCENARIOS, document, name_of

from apimpolicy.text.source import decode

pytestmark = pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the corpus of real policies is not here")
FILES = {name_of(path): path for path in DOCUMENTS.rglob("*.xml")}


def policy_of(scenario: dict[str, Any]) -> str | dict[str, str]:
    """The example, filled in, as a document at its scope; a resolver's as text."""
    path = FILES[scenario["file"]]
    text = decode(path.read_bytes(), path.name)[0].text
    for placeholder, filling in scenario.get("fill", {}).items():
        assert placeholder in text
        text = text.replace(placeholder, filling)
    made = document(scenario.get("before", "") + text, path)
    if "before-inbound" in scenario:
        made = made.replace("<inbound>", f"<inbound>{scenario['before-inbound']}", 1)
    return made if "resolve" in scenario["case"] else {scenario.get("scope", "api"): made}


@pytest.mark.parametrize(
    "scenario", [pytest.param(each, id=f"{number}-{each['file']}") for number, each in enumerate(SCENARIOS.all)]
)
def test_the_example_does_what_its_page_says(scenario: dict[str, Any]) -> None:
    check(SCENARIOS.run(scenario["case"], policy_of(scenario)))


def test_most_examples_that_state_an_effect_are_held_against_it() -> None:
    assert len({scenario["file"] for scenario in SCENARIOS.all}) >= 75
