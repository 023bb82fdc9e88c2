"""Languages are what their words say: each construction and operation against all short texts."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.sampling import examples

from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.regex.expressions import Regex
from apimpolicy.csharp.dotnet.system.number_parsing import parse_int
from apimpolicy.reasoning.languages import language as languages
from apimpolicy.reasoning.languages import operations, patterns, units
from apimpolicy.reasoning.languages.language import EMPTY_WORD, NOTHING, Language, TooLarge

if TYPE_CHECKING:
    from collections.abc import Callable

ALPHABET = "aAb1"
"""`1` stands for each unit that no language below names."""
LONGEST = 4
WORDS = ["".join(word) for size in range(LONGEST + 1) for word in itertools.product(ALPHABET, repeat=size)]
Known = tuple[Language, frozenset[str]]
"""A language, and which of all short words it has."""


def _joined(first: frozenset[str], second: frozenset[str]) -> frozenset[str]:
    return frozenset(one + other for one in first for other in second if len(one + other) <= LONGEST)


def _repeated(words: frozenset[str], least: int, most: int) -> frozenset[str]:
    found, current = frozenset[str](), frozenset(("",))
    for count in range(most + 1):
        found |= current if count >= least else frozenset()
        current = _joined(current, words)
    return found


def _one_of(members: str, is_other: bool) -> Known:
    inside = units.of_text(members)
    kept = (letter for letter in ALPHABET if (letter in members) is not is_other)
    return languages.one_of(~inside if is_other else inside), frozenset(kept)


def _counted(part: Known, least: int, more: int | None) -> Known:
    most = None if more is None else least + more
    return languages.counted(part[0], least, most), _repeated(part[1], least, LONGEST + least if most is None else most)


_EVERY_WORD = frozenset(WORDS)
LEAVES = st.one_of(
    st.sampled_from([(EMPTY_WORD, frozenset(("",))), (NOTHING, frozenset[str]()), (languages.ANYTHING, _EVERY_WORD)]),
    st.builds(_one_of, st.sampled_from(["a", "A", "b", "aA", "ab", "aAb"]), st.booleans()),
    st.sampled_from(["a", "ab", "aA", "bab"]).map(lambda text: (languages.literal(text), frozenset((text,)))),
)


def _larger(part: st.SearchStrategy[Known]) -> st.SearchStrategy[Known]:
    def two(make: Callable[..., Language], words: Callable[..., frozenset[str]]) -> st.SearchStrategy[Known]:
        return st.tuples(part, part).map(lambda both: (make(both[0][0], both[1][0]), words(both[0][1], both[1][1])))

    return st.one_of(
        two(languages.sequence, _joined),
        two(languages.union, frozenset.union),
        two(languages.both, frozenset.intersection),
        part.map(lambda one: (languages.not_(one[0]), _EVERY_WORD - one[1])),
        part.map(lambda one: (languages.repeat(one[0]), _repeated(one[1], 0, LONGEST))),
        part.map(lambda one: (languages.optional(one[0]), one[1] | {""})),
        part.map(lambda one: (languages.at_least_once(one[0]), _repeated(one[1], 1, LONGEST + 1))),
        part.map(lambda one: (languages.containing(one[0]), _joined(_joined(_EVERY_WORD, one[1]), _EVERY_WORD))),
        st.builds(_counted, part, st.integers(0, 2), st.none() | st.integers(0, 2)),
    )


LANGUAGES = st.recursive(LEAVES, _larger, max_leaves=6)


@given(LANGUAGES)
def test_a_language_has_the_words_of_its_parts(known: Known) -> None:
    found, words = known
    assert {word for word in WORDS if found.accepts(word)} == words
    assert found.has_empty_word == ("" in words)


@given(LANGUAGES)
def test_the_shortest_word_is_one_of_the_shortest(known: Known) -> None:
    found, words = known
    word = languages.shortest_word([found])
    if word is None:
        assert not words
    else:
        assert found.accepts(word)
        assert len(word) <= min(map(len, words), default=len(word))
        assert len(word) > LONGEST or any(len(word) == len(other) for other in words)


@given(LANGUAGES, LANGUAGES)
def test_equal_constructions_are_the_same_language(one: Known, other: Known) -> None:
    first, second = one[0], other[0]
    assert languages.union(first, second) is languages.union(second, first)
    assert languages.both(first, second) is languages.both(second, first)
    assert languages.union(first, first) is first is languages.both(first, first)
    assert languages.not_(languages.not_(first)) is first
    assert languages.shortest_word([languages.both(first, languages.not_(first))]) is None
    assert languages.shortest_word([languages.not_(languages.union(first, languages.not_(first)))]) is None


@given(LANGUAGES)
def test_a_reversed_language_has_the_words_backwards(known: Known) -> None:
    backwards = languages.reverse(known[0])
    assert {word for word in WORDS if backwards.accepts(word)} == {word[::-1] for word in known[1]}


@given(LANGUAGES, st.sampled_from(WORDS))
def test_states_are_what_words_lead_to(known: Known, word: str) -> None:
    start = known[0]
    states = languages.states_of(start, 3_000)
    assert start.after(word) in states
    assert len(set(states)) == len(states)
    if len(states) > 1:
        with pytest.raises(TooLarge):
            languages.states_of(start, len(states) - 1)
    assert languages.states_of(start, len(states)) == states
    for end in states[:3]:
        assert languages.leading(start, end).accepts(word) == (start.after(word) is end)


@pytest.mark.parametrize("count", [0, 1, languages.LARGEST_COUNT])
def test_a_count_is_exact_up_to_the_largest(count: int) -> None:
    exactly = languages.counted(languages.ANY_UNIT, count, count)
    below = languages.shorter_than(count)
    for size in (count - 1, count, count + 1):
        if size >= 0:
            assert exactly.accepts("x" * size) == (size == count)
            assert below.accepts("x" * size) == (size < count)
    for least, most in ((languages.LARGEST_COUNT + 1, None), (0, languages.LARGEST_COUNT + 1)):
        with pytest.raises(TooLarge):
            languages.counted(languages.ANY_UNIT, least, most)
    assert languages.counted(languages.ANY_UNIT, 2, 1) is NOTHING


def test_work_is_counted_again_and_more_of_it_for_more_languages() -> None:
    long = [languages.counted(languages.any_of_text("a"), 9, 9)]
    for given_languages, weighed, times in ((long, 3_000, 1), (long * 2, 2, 2), (long * 5, 2, 3)):
        for _ in range(2):
            work = languages.Work(100, weighed=weighed)
            assert languages.shortest_word(given_languages, work=work) == "a" * 9
            assert work.left == 100 - times * 12  # ten states, that of no word, and one for the question
    for states in (3, 8):
        with pytest.raises(TooLarge):
            languages.shortest_word(long, most=states)
    with pytest.raises(TooLarge):
        languages.shortest_word(long, work=languages.Work(1))


# ── operations ──

OPERATIONS: list[operations.Operation] = [
    operations.ToUpper(),
    operations.ToLower(),
    operations.ReplaceUnit(ord("a"), ord("b")),
    operations.ReplaceUnit(ord("a"), ord("1")),
    operations.Erase(ord("a")),
    operations.Erase(ord("1")),
    operations.Trim(units.of_text("ab").bits),
    operations.Trim(units.of_text("ab").bits, at_end=False),
    operations.Trim(units.of_text("ab").bits, at_start=False),
    *(operations.Drop(size) for size in range(4)),
    *(operations.Take(size) for size in range(4)),
    *(operations.PartOf(ord("a"), place) for place in range(3)),
    operations.LastPart(ord("a")),
]  # fmt: skip


def _is_of(operation: operations.Operation, text: str) -> bool:
    """Return whether a text is one that the operation is about; the code behind it throws for others."""
    if isinstance(operation, operations.Drop | operations.Take):
        return len(text) >= operation.size
    return not isinstance(operation, operations.PartOf) or text.count(chr(operation.separator)) >= operation.place


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
@settings(max_examples=examples(150))
@given(known=LANGUAGES)
@example((languages.literal("AB1"), frozenset()))
@example((languages.ANYTHING, frozenset()))
@example((EMPTY_WORD, frozenset()))
def test_a_preimage_is_what_the_operation_takes_into_the_language(
    operation: operations.Operation, known: Known
) -> None:
    try:
        before = operations.preimage(operation, known[0])
    except TooLarge:
        assume(False)
    assert operations.preimage(operation, known[0]) is before
    for text in WORDS:
        assert before.accepts(text) == (_is_of(operation, text) and known[0].accepts(operation.apply(text))), text


PAIRS = [
    "",
    "\ud800",
    "\udc00",
    "\ud801\udc28",
    "\ud801\udc00",
    "x\ud801\udc28",
    "ß",
    "ı",
    "İ",
    "ſ",
    "K",
    "é",
    "ǆ",
    "ǅ",
    "ά",
]


@pytest.mark.parametrize("operation", OPERATIONS[:2], ids=str)
@pytest.mark.parametrize("text", PAIRS, ids=ascii)
def test_case_is_mapped_unit_by_unit(operation: operations.Operation, text: str) -> None:
    """A language that tells the second halves of letters beyond U+FFFF apart is refused, and others are exact."""
    target = operation.apply(text)
    try:
        before = operations.preimage(operation, languages.literal(target))
    except TooLarge:
        assert any("\udc00" <= unit <= "\udfff" for unit in target)
    else:
        assert before.accepts(text)
        for other in PAIRS:
            assert before.accepts(other) == (operation.apply(other) == target)


# ── regular expressions and numbers ──

ATOMS = st.sampled_from(
    ["a", "A", "b", ".", "[ab]", "[^a]", r"\d", r"\w", r"\S", "(?:ab)", "(a|b1)", "(?i:a)", "(?i)b", "[1-9]"]
)
ITEMS = st.tuples(ATOMS, st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "{2,}", "*?", "+?"])).map("".join)
BODIES = st.lists(ITEMS, min_size=1, max_size=3).map("".join)
PATTERNS = st.tuples(
    st.sampled_from(["", "^", r"\A"]),
    st.lists(BODIES, min_size=1, max_size=2).map("|".join),
    st.sampled_from(["", "$", r"\z", r"\Z"]),
).map("".join)
TEXTS = [*WORDS[:90], "\n", "a\n", "a\n\n", "b1\n", "\na", " ", "ab ", "aab1", "1111"]


@given(PATTERNS, st.sampled_from([0, 1, 16, 17, 32, 4]))
@example("^a$", 0)
@example(r"^a\z", 0)
@example("a|^b$", 0)
@example("a# b", 32)
@example("a +b ?", 0)
@example("(?<n>a)('b)?", 0)
@example("[]a]", 0)
@example(r"[^\]]", 0)
def test_a_pattern_is_found_where_the_simulated_regex_finds_it(pattern: str, options: int) -> None:
    found = patterns.language_of(pattern, options)
    regex = Regex(pattern, options)
    for text in TEXTS:
        assert found.accepts(text) == regex.match(text).success, text


@pytest.mark.parametrize(
    "pattern", ["(", "a**", r"\ba", r"(a)\1", "(?=a)", "^*a", "a$b", "a^b", "[a-[b]]", "(?m)^a", "x" * 401]
)
def test_what_is_not_regular_is_refused(pattern: str) -> None:
    if pattern.startswith("x"):
        pattern = "x{401}"
    with pytest.raises(patterns.NotRegular):
        patterns.language_of(pattern)


NUMBERS = sorted(
    {sign * value + step for sign in (1, -1) for value in (0, 9, 10, 99, 100, 105, 999) for step in (-1, 0, 1)}
)


@pytest.mark.parametrize("bound", NUMBERS)
def test_a_bound_is_exact_around_itself(bound: int) -> None:
    found = patterns.at_most(bound)
    assert patterns.bound_of(found) == bound
    for number in (*NUMBERS, bound * 10, -bound * 10):
        for text in (
            str(number),
            f" {number} ",
            f"{number}\0",
            *([f"+{number}", f"00{number}"] if number >= 0 else []),
        ):
            assert found.accepts(text) == (number <= bound), text
            assert patterns.WHOLE_NUMBER.accepts(text)
    assert not any(found.accepts(text) for text in ("", "-", "+", "a", "1a", "--1"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-0",
        "+1",
        "01",
        " 1",
        "1 ",
        "1\0",
        "\0 1",
        "\u00a01",
        "1\u00a0",
        "1\0 ",
        "\t\n\v\f\r1",
        "1.0",
        "1e1",
        "٣",
        "- 1",
    ],
    ids=ascii,
)
def test_a_whole_number_is_what_parses(text: str) -> None:
    try:
        value = parse_int("long", text)
    except DotnetException:
        value = None
    assert patterns.WHOLE_NUMBER.accepts(text) == (value is not None)
    assert patterns.WHOLE.accepts(text) == (value is not None and str(value) == text)


# ── sets of units ──

SETS = st.frozensets(st.sampled_from([0, 0x20, 0x41, 0x61, 0x62, 0x7F, 0xD800, 0xDC00, 0xFFFF]))


@given(SETS, SETS)
def test_sets_of_units_are_sets(one: frozenset[int], other: frozenset[int]) -> None:
    first, second = (units.of_text(map(chr, members)) for members in (one, other))
    assert set(first | second) == one | other
    assert set(first & second) == one & other
    assert set(first - second) == one - other
    assert [unit in ~first for unit in (*one, *other)] == [unit not in one for unit in (*one, *other)]
    assert bool(first) == bool(one)
    assert not one or first.sample() in one
    blocks = units.blocks((first, second))
    assert sum(block.bits for block in blocks) == units.EVERY.bits
    assert all((block & each) in (block, units.NO_UNITS) for block in blocks for each in (first, second))


@given(SETS, st.dictionaries(st.sampled_from([0x41, 0x61, 0x62]), st.sampled_from([0x41, 0x61, 0x7F])))
def test_units_before_a_mapping_are_those_it_takes_into_the_set(
    members: frozenset[int], mapping: dict[int, int]
) -> None:
    before = units.of_text(map(chr, members)).before(mapping)
    for unit in (0, 0x41, 0x61, 0x62, 0x7F, 0xD800):
        assert (unit in before) == (mapping.get(unit, unit) in members)


@pytest.mark.parametrize(
    ("first", "last", "count"), [(0x61, 0x61, 1), (0x61, 0x63, 3), (0x62, 0x61, 0), (0, 0xFFFF, 0x10000)]
)
def test_a_range_has_both_its_ends(first: int, last: int, count: int) -> None:
    found = units.of_ranges((first, last))
    assert found.bits.bit_count() == count
    assert not count or (first in found and last in found)
    assert first == 0 or first - 1 not in found


@pytest.mark.parametrize(
    ("text", "best"), [("Zaz", "a"), ("9B~", "9"), ("~\x01", "~"), ("\x01\x02", "\x01"), (" \x01", " ")]
)
def test_a_sample_is_readable_where_one_is(text: str, best: str) -> None:
    assert chr(units.of_text(text).sample()) == best
