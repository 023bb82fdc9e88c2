"""Random edits of real services: `diff` reports each that changes something, and nothing for the others.

Where `audit` says that access is weaker, `diff` never says that nothing changes for callers.
"""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.sampling import IS_NIGHTLY

from apimpolicy.gateway.engine.token_issuers import shared_keys
from apimpolicy.project.service.leniency import lenient
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.report.difference_data import verdict
from apimpolicy.testing.comparing.running import compare_versions
from apimpolicy.testing.comparing.versions import versions
from apimpolicy.text.document import Comment, Element
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.report.difference_data import ComparisonReport

SERVICES = Path(__file__).parents[3] / "shared" / "corpus" / "services"
EDITS = 60 if IS_NIGHTLY else 6
pytestmark = pytest.mark.skipif(not SERVICES.is_dir(), reason=f"there is no corpus in {SERVICES}")


def extracts() -> list[Path]:
    return sorted(
        {path.parents[1] for path in SERVICES.glob("*/*/apis")} | {each.parent for each in SERVICES.glob("*/*/apis")}
    )


def policies_of(extract: Path) -> list[Path]:
    found = (path for path in sorted(extract.rglob("policy.xml")) if read(Source(path.read_text("utf-8-sig"))).roots)
    return [path for path in found if not read(Source(path.read_text("utf-8-sig"))).diagnostics]


def elements_of(text: str) -> list[Element]:
    """The policies of a document and their parts, without sections."""
    outer = ("policies", "fragment", "inbound", "backend", "outbound", "on-error")
    return [each for each in read(Source(text)).elements() if each.name not in outer]


# Edits without a meaning


def with_comment(text: str, chance: random.Random) -> str | None:
    element = chance.choice(elements_of(text) or [None])
    return None if element is None else f"{text[: element.start]}<!-- a comment -->{text[element.start :]}"


def with_other_order(text: str, chance: random.Random) -> str | None:
    """Attributes in another order."""
    found = [each for each in elements_of(text) if len(each.attributes) > 1]
    if not found:
        return None
    element = chance.choice(found)
    first, *others = element.attributes
    spans = [text[each.name_start : each.value.end + 1] for each in (first, *others)]
    start, end = first.name_start, others[-1].value.end + 1
    return text[:start] + " ".join(reversed(spans)) + text[end:]


def with_other_line_ends(text: str, chance: random.Random) -> str | None:
    return text.replace("\r\n", "\n").replace("\n", "\r\n" if "\r" not in text else "\n")


def with_more_space(text: str, chance: random.Random) -> str | None:
    found = [each for each in elements_of(text) if each.name == "base"]
    return None if not found else f"{text[: found[0].start]}\n\t\t{text[found[0].start :]}"


# Edits with a meaning


def without_element(text: str, chance: random.Random) -> str | None:
    found = [each for each in elements_of(text) if isinstance(each.parent, Element) and each.parent.name == "inbound"]
    if not found:
        return None
    element = chance.choice(found)
    return text[: element.start] + text[element.end :]


def without_base(text: str, chance: random.Random) -> str | None:
    found = [each for each in elements_of(text) if each.name == "base"]
    if not found:
        return None
    return text[: found[0].start] + text[found[0].end :]


def with_other_number(text: str, chance: random.Random) -> str | None:
    """Another number in an attribute, without an expression."""
    found = [
        attribute.value
        for element in elements_of(text)
        for attribute in element.attributes
        if re.fullmatch("[0-9]{1,6}", attribute.value.raw)
    ]
    if not found:
        return None
    value = chance.choice(found)
    return f"{text[: value.start]}{int(value.raw) + 7}{text[value.end :]}"


def with_other_text(text: str, chance: random.Random) -> str | None:
    """Another text of an element, without an expression."""
    leaves = [
        each
        for each in elements_of(text)
        if not list(each.elements())
        and each.text.strip()
        and each.expression is None
        and not any(isinstance(child, Comment) for child in each.children)
    ]
    if not leaves:
        return None
    element = chance.choice(leaves)
    return f"{text[: element.content_start]}other{text[element.content_start :]}"


def with_header(text: str, chance: random.Random) -> str | None:
    found = [each for each in read(Source(text)).elements() if each.name == "inbound"]
    if not found or found[0].content_end == found[0].end:
        return None
    added = '<set-header name="X-Edited" exists-action="override"><value>1</value></set-header>'
    return text[: found[0].content_end] + added + text[found[0].content_end :]


MEANINGLESS = (with_comment, with_other_order, with_other_line_ends, with_more_space)
MEANINGFUL = (without_element, without_base, with_other_number, with_other_text, with_header)


def compared(old: Path, new: Path) -> ComparisonReport:
    with lenient(), shared_keys(), versions(str(old), str(new)) as found:
        return compare_versions(found, lambda path: Bounds(seconds=1.0, runs=60))


@pytest.mark.parametrize("number", range(EDITS))
def test_an_edit_is_reported_if_it_means_something(number: int, tmp_path: Path) -> None:
    chance = random.Random(number)
    services = extracts()
    extract = services[number % len(services)]
    candidates = policies_of(extract)
    if not candidates:
        pytest.skip("no policy of this extract can be read")
    edits: tuple[Callable[[str, random.Random], str | None], ...] = MEANINGLESS if number % 3 == 0 else MEANINGFUL
    for _ in range(50):
        path, edit = chance.choice(candidates), chance.choice(edits)
        text = path.read_bytes().decode("utf-8-sig")
        edited = edit(text, chance)
        if edited is not None and edited != text:
            break
    else:
        pytest.skip("no policy of this extract can be edited")
    new = tmp_path / "new"
    shutil.copytree(extract, new)
    (new / path.relative_to(extract)).write_bytes(edited.encode())
    report = compared(extract, new)
    said = f"{edit.__name__} in {path.relative_to(SERVICES)}: {verdict(report)}"
    print(said)
    if edits is MEANINGLESS:
        assert verdict(report).startswith("Nothing"), said
        assert [*report.changes, *report.settings, *report.access, *report.items] == [], said
        return
    assert report.changes, said
    assert not report.weaker or not verdict(report).startswith("Nothing"), said
