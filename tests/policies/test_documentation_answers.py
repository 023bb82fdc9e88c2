"""The examples of Microsoft's documentation do what their pages say: `documentation/scenarios.toml` has the requests.

`test_documentation_examples.py` has how an example becomes a document, and which examples do not run at all.
`matches` are patterns where values are random or white space does not matter: `body`, and of the first forwarded
request `sent_body` and `sent_headers`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_documentation_examples import DOCUMENTS, SCENARIOS, document, name_of
from test_policy_cases import run_case

from apimpolicy.text.encoding import decode

if TYPE_CHECKING:
    from apimpolicy import Result

FOLDER = Path(__file__).parent / "documentation"
pytestmark = pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the corpus of real policies is not here")
FILES = {name_of(path): path for path in DOCUMENTS.rglob("*.xml")}


def policy_of(scenario: dict[str, Any]) -> Any:
    """The example, filled in, as a document at its scope; a resolver's as text."""
    path = FILES[scenario["file"]]
    text = decode(path.read_bytes(), path.name)[0].text
    for placeholder, filling in scenario.get("fill", {}).items():
        assert placeholder in text
        text = text.replace(placeholder, filling)
    made = document(scenario.get("before", "") + text, path)
    if "before_inbound" in scenario:
        made = made.replace("<inbound>", f"<inbound>{scenario['before_inbound']}", 1)
    return made if "resolve" in scenario else {scenario.get("scope", "api"): made}


@pytest.mark.parametrize(
    "scenario", [pytest.param(each, id=f"{number}-{each['file']}") for number, each in enumerate(SCENARIOS)]
)
def test_the_example_does_what_its_page_says(scenario: dict[str, Any]) -> None:
    result = run_case(FOLDER, policy_of(scenario), dict(scenario.get("gateway", {})), scenario)
    matches = scenario.get("matches", {})
    if matches:
        check_patterns(result, matches)


def check_patterns(result: Result | None, matches: dict[str, Any]) -> None:
    assert result is not None
    texts = {"body": result.response.text}
    if result.backend_requests:
        first = result.backend_requests[0]
        texts["sent_body"] = first.text
        texts |= {f"sent_headers.{name}": value for name, value in first.headers.items()}
    wanted = {name: pattern for name, pattern in matches.items() if isinstance(pattern, str)}
    wanted |= {f"sent_headers.{name}": pattern for name, pattern in matches.get("sent_headers", {}).items()}
    for name, pattern in wanted.items():
        assert re.fullmatch(pattern, texts[name]), texts[name]


def test_most_examples_that_state_an_effect_are_held_against_it() -> None:
    assert len({scenario["file"] for scenario in SCENARIOS}) >= 75
