"""Patterns for paths, in the language of `.gitignore`, as regular expressions that take linear time for each start.

After `*`, the first place where the text up to the next `*` occurs is as good as any, and after `**/` the first folder
in which the part up to the next one begins; so neither is tried anew when something after it fails. Only the last `*`
of a name, and the last `**/`, try several places.
"""

from __future__ import annotations

import re

_TOKEN = (  # not compiled before there is a pattern
    r"(?P<start>^\*\*/)|(?P<end>/\*\*$)|(?P<middle>/(?:\*\*/)+)|(?P<stars>\*+)|\?"
    r"|\[(?P<not>[!^])?(?P<set>(?:\\.|\]|[^\]])(?:\\.|[^\]\\])*)\]|\\(?P<escaped>.)|."
)
_SET_ITEM = r"(\\.|.)-(\\.|[^\]])|\\?(.)"


def glob_regex(glob: str) -> str | None:
    """Return the regular expression of a pattern; None for one that git doesn't accept."""
    groups: list[list[list[str]]] = [[[""]]]
    """Between `**`: the names between slashes, each the texts between its stars."""
    is_anywhere = is_inside = False
    for token in re.finditer(_TOKEN, glob, re.DOTALL):
        text = token[0]
        if token["start"]:
            is_anywhere = True
        elif token["end"]:
            is_inside = True
        elif token["middle"]:
            groups.append([[""]])
        elif text == "/":
            groups[-1].append([""])
        elif token["stars"]:
            groups[-1][-1].append("")
        elif text == "?":
            groups[-1][-1][-1] += "[^/]"
        elif token["set"]:
            groups[-1][-1][-1] += f"(?!/)[{'^' if token['not'] else ''}{_items(token['set'])}]"
        elif text in "[\\":  # without an end
            return None
        else:
            groups[-1][-1][-1] += re.escape(token["escaped"] or text)
    *before, last = ["/".join(map(_name, names)) for names in groups]
    pattern = ""
    for index, group in enumerate(before):
        pattern += f"(?>(?:.*?/)??{group}/)" if index or is_anywhere else f"{group}/"
    pattern += f"(?:.*/)?{last}" if before or is_anywhere else last
    return f"{pattern}/.+" if is_inside else pattern


def _name(texts: list[str]) -> str:
    """Return the expression of one name, from the texts between its stars."""
    first, *others = texts
    if not others:
        return first
    *middle, last = others
    return first + "".join(f"(?>[^/]*?{text})" for text in middle) + "[^/]*" + last


def _items(inside: str) -> str:
    """Return the characters and ranges of a set; a reversed range has none."""
    found: list[str] = []
    for item in re.finditer(_SET_ITEM, inside, re.DOTALL):
        if item[3] is not None:
            found.append(re.escape(item[3]))
            continue
        first, last = item[1][-1], item[2][-1]
        found.append(f"{re.escape(first)}-{re.escape(last)}" if first <= last else re.escape(first))
    return "".join(found)
