"""Find the position of the caret in a test file: the path of keys, also while the file is not valid YAML.

PyYAML reads the text with a mark at the caret, once as a key and once as a value; the events up to the mark are enough,
so that nothing after the caret matters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from apimpolicy.records import Record
from apimpolicy.text.holes import mark

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | None, ...]
"""Keys from the top of the file on; None is an item of a list."""

_CARET: Final = mark(999_997)
_BEFORE: Final = re.compile(r"[\w$.\-]*\Z")
_AFTER: Final = re.compile(r"[\w$.\-]*")
_COLON: Final = re.compile(r"[\"']?[ \t]*:")


class FilePlace(Record):
    """A place for a key or a value. `present`: the other keys of its table; `start` and `end`: what is replaced."""

    path: Path
    is_key: bool
    present: frozenset[str]
    start: int
    end: int
    has_colon: bool = False


def places_at(text: str, offset: int) -> Iterator[FilePlace]:
    """Yield the places that the caret may be in: a key of a table, and a value."""
    before, rest_of_name = _BEFORE.search(text, 0, offset), _AFTER.match(text, offset)
    assert before is not None  # it matches the empty text
    assert rest_of_name is not None
    start, end = before.start(), rest_of_name.end()
    if _is_comment(text, start):
        return
    colon = _COLON.match(text, end) is not None
    line_end = text.find("\n", end)
    rest = "" if line_end < 0 else text[line_end:]
    written = (f"{_CARET}:{rest}", _CARET) if not colon else (f"{_CARET}{text[end:]}",)
    for after in written:
        found = _find(text[:start] + after)
        if found is not None:
            path, is_key, present = found
            yield FilePlace(path, is_key, present, start, end, colon)


def _is_comment(text: str, offset: int) -> bool:
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return re.search(r"(?:\A|\s)#", re.sub(r"'[^']*'|\"[^\"]*\"", "", line)) is not None


class _Level:
    """A table or a list that is being read. `key` is the key whose value comes next, None where a key comes next."""

    def __init__(self, is_table: bool) -> None:
        self.is_table = is_table
        self.key: str | None = None
        self.keys: list[str] = []
        self.holds_caret = False


def _find(text: str) -> tuple[Path, bool, frozenset[str]] | None:
    import yaml

    levels: list[_Level] = []
    found: tuple[Path, bool] | None = None
    present: list[str] = []
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.CollectionStartEvent):
                levels.append(_Level(isinstance(event, yaml.MappingStartEvent)))
            elif isinstance(event, yaml.CollectionEndEvent):
                if levels.pop().holds_caret:
                    break
                _pass_value(levels)
            elif isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
                value = event.value if isinstance(event, yaml.ScalarEvent) else ""
                is_key = bool(levels) and levels[-1].is_table and levels[-1].key is None
                if value == _CARET:
                    path = tuple(level.key for level in (levels[:-1] if is_key else levels))
                    found = path, is_key
                    if not is_key:
                        break
                    levels[-1].holds_caret = True
                    present = levels[-1].keys
                if is_key:
                    levels[-1].key = value
                    levels[-1].keys.append(value)
                else:
                    _pass_value(levels)
    except yaml.YAMLError:
        pass
    return None if found is None else (*found, frozenset(present) - {_CARET})


def _pass_value(levels: list[_Level]) -> None:
    if levels:
        levels[-1].key = None
