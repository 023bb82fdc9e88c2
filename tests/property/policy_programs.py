"""Programs of 5 to 40 lines as people write them in policies, and the same with one typo.

A template is a statement with marks around the tokens in which typos happen: `‹member:ToLower›`. A mark says what the
compiler answers when the token is wrong, so the expected code and place are known by construction. `{new}` is a new
variable of the type that the template names; `{string}`, `{int}` and the like are variables that exist.
"""

from __future__ import annotations

import random
import re
from typing import NamedTuple

MARK = re.compile(r"‹(\w+):([^›]*)›")

# What a template declares (a type, or nothing), and its text.
STATEMENTS = [
    ("string", 'var {new} = context.‹member:Request›.‹member:Method›.‹member:ToUpper›()‹end:;›'),
    ("string", 'var {new} = context.Request.‹member:Headers›.‹member:GetValueOrDefault›(‹quote:"X-Tenant"›, "")‹end:;›'),
    ("string", 'string {new} = ‹text:"gold"›‹end:;›'),
    ("string", 'var {new} = ‹static:string›.‹smember:IsNullOrEmpty›(‹local:{string}›) ? "none" : ‹local:{string}›‹end:;›'),
    ("string", 'var {new} = $"{‹local:{string}›}-{context.‹member:RequestId›:N}"‹end:;›'),
    ("string", 'var {new} = ‹local:{string}›.‹member:Trim›().‹member:Replace›("-", ‹quote:"_"›)‹end:;›'),
    ("string", 'var {new} = ‹static:Convert›.‹smember:ToBase64String›(‹static:Encoding›.UTF8.‹member:GetBytes›(‹string:{string}›))‹end:;›'),
    ("string", 'var {new} = (string)‹local:{json}›[‹quote:"name"›] ?? ‹quote:"anonymous"›‹end:;›'),
    ("string", 'var {new} = string.‹smember:Join›(",", ‹local:{list}›.‹member:Select›(x => x.‹member:ToLower›()))‹end:;›'),
    ("string", 'var {new} = ‹local:{list}›.‹member:FirstOrDefault›(x => x.‹member:StartsWith›("a")) ?? ""‹end:;›'),
    ("string", 'var {new} = context.‹member:Variables›.ContainsKey("k") ? (string)context.Variables["k"] : ‹local:{string}›‹end:;›'),
    ("string", 'var {new} = DateTime.‹smember:UtcNow›.‹member:AddMinutes›(‹number:5›).‹member:ToString›("yyyy-MM-dd")‹end:;›'),
    ("string", 'var {new} = ‹static:Regex›.‹smember:Replace›(‹local:{string}›, "[^a-z]", "")‹end:;›'),
    ("int", 'int {new} = ‹integer:3›‹end:;›'),
    ("int", 'var {new} = ‹static:int›.‹smember:Parse›(‹string:{string}›)‹end:;›'),
    ("int", 'var {new} = ‹local:{list}›.‹member:Count› + ‹local:{int}› * 2‹end:;›'),
    ("int", 'var {new} = ‹local:{string}›.‹member:Length› > 3 ? ‹local:{int}› : 0‹end:;›'),
    ("int", 'var {new} = ‹static:Math›.‹smember:Max›(‹local:{int}›, 10)‹end:;›'),
    ("int", 'var {new} = ‹local:{list}›.‹member:Sum›(x => x.‹member:Length›)‹end:;›'),
    ("bool", 'var {new} = ‹local:{string}›.‹member:Equals›(‹quote:"gold"›, StringComparison.‹smember:OrdinalIgnoreCase›)‹end:;›'),
    ("bool", 'bool {new} = ‹local:{int}› > 3 && !‹local:{string}›.‹member:Contains›("x")‹end:;›'),
    ("bool", 'var {new} = ‹local:{list}›.‹member:Any›(x => x == ‹local:{string}›)‹end:;›'),
    ("bool", 'bool {new} = ‹boolean:true›‹end:;›'),
    ("list", 'var {new} = new ‹type:List›<string> { ‹quote:"a"›, ‹local:{string}› }‹end:;›'),
    ("list", 'var {new} = ‹local:{string}›.‹member:Split›(\',\').‹member:ToList›()‹end:;›'),
    ("list", 'var {new} = ‹local:{list}›.‹member:Where›(x => x.‹member:Length› > ‹local:{int}›).‹member:ToList›()‹end:;›'),
    ("json", 'var {new} = new ‹type:JObject›(new ‹type:JProperty›("id", ‹local:{int}›))‹end:;›'),
    ("json", 'var {new} = ‹static:JObject›.‹smember:Parse›("{\\"a\\": 1}")‹end:;›'),
    ("json", 'var {new} = context.Request.‹member:Body›.‹member:As›<‹type:JObject›>(‹name:preserveContent›: true)‹end:;›'),
    ("dictionary", 'var {new} = new ‹type:Dictionary›<string, int> { { ‹quote:"a"›, 1 }, { "b", ‹local:{int}› } }‹end:;›'),
    ("int", 'var {new} = ‹local:{dictionary}›.‹member:TryGetValue›("a", out var {other}) ? ‹local:{other}› : 0‹end:;›'),
    ("builder", 'var {new} = new ‹type:StringBuilder›()‹end:;›'),
    ("", '‹local:{builder}›.‹member:Append›(‹local:{string}›)‹end:;›'),
    ("", '‹local:{list}›.‹member:Add›(‹string:{string}›)‹end:;›'),
    ("", '‹local:{json}›["n"] = ‹local:{int}›‹end:;›'),
    ("", '‹local:{int}› += ‹local:{list}›.‹member:Count›‹end:;›'),
    ("string", 'var {new} = ‹local:{list}›.‹member:Where›(x => x != ‹local:{string}›).‹member:Aggregate›("", (a, b) => a + b.‹member:Trim›())‹end:;›'),
    ("int", 'var {new} = ‹local:{list}›.‹member:GroupBy›(x => x.‹member:Length›).‹member:ToDictionary›(g => g.‹member:Key›, g => g.‹member:Count›()).‹member:Count›‹end:;›'),
    ("string", 'var {new} = ‹local:{json}›.‹member:SelectToken›("$.a")?.‹member:ToString›() ?? ‹local:{string}›‹end:;›'),
    ("string", 'var {new} = ‹local:{json}›.‹member:Properties›().‹member:Select›(p => p.‹member:Name›).‹member:LastOrDefault›()‹end:;›'),
    ("list", 'var {new} = context.Request.‹member:Url›.‹member:Query›.‹member:Keys›.‹member:ToList›()‹end:;›'),
    ("bool", 'var {new} = context.Request.‹member:Certificate› != null && context.Request.Certificate.‹member:Thumbprint› == ‹local:{string}›‹end:;›'),
    ("string", 'var {new} = ‹static:BitConverter›.‹smember:ToString›(‹static:SHA256›.‹smember:Create›().‹member:ComputeHash›(Encoding.UTF8.‹member:GetBytes›(‹string:{string}›)))‹end:;›'),
    ("string", 'var {new} = ‹static:Guid›.‹smember:NewGuid›().‹member:ToString›("N").‹member:Substring›(0, ‹number:8›)‹end:;›'),
    ("int", 'var {new} = (int)(DateTime.UtcNow - new ‹type:DateTime›(1970, 1, 1)).‹member:TotalSeconds›‹end:;›'),
    ("bool", 'var {new} = (from x in ‹local:{list}› where x.‹member:Length› > ‹local:{int}› orderby x select x).‹member:Any›()‹end:;›'),
    ("int", 'Func<string, int> {other} = x => x.‹member:Length›‹end:;› var {new} = {other}(‹string:{string}›)‹end:;›'),
    ("int", 'int {new} = ‹local:{int}›‹end:;› switch (‹local:{string}›) { case "a": ‹local:{int}›++‹end:;› break; default: ‹local:{int}›--‹end:;› break; }'),
    ("", 'while (‹local:{int}› > 10 && ‹local:{bool}›) { ‹local:{int}› -= 2‹end:;› }'),
]
BLOCKS = [
    ("if (‹local:{bool}›) {", "}"),
    ("if (‹local:{int}› ‹equals:==› 3) {", "}"),
    ("if (‹local:{string}›.‹member:Length› > 3 || ‹local:{bool}›) {", "} else { ‹local:{int}›++‹end:;› }"),
    ("foreach (var {item} in ‹local:{list}›) {", "}"),
    ("for (int {index} = 0; {index} < ‹local:{int}›; {index}++) {", "}"),
    ("try {", "} catch (‹type:Exception› {error}) { ‹local:{string}› = {error}.‹member:Message›‹end:;› }"),
]
RETURNS = [
    "return ‹local:{string}› + ‹local:{int}›‹end:;›",
    "return ‹local:{json}›.‹member:ToString›()‹end:;›",
    "return new { name = ‹local:{string}›, count = ‹local:{int}› }.‹member:name›‹end:;›",
    "return ‹local:{bool}› ? ‹local:{string}› : ‹local:{list}›[0]‹end:;›",
    "return ‹local:{list}›.‹member:OrderBy›(x => x.‹member:Length›).‹member:First›()‹end:;›",
    "return ‹static:JsonConvert›.‹smember:SerializeObject›(‹local:{dictionary}›)‹end:;›",
]
FIRST = {
    "string": 'string {new} = "a";',
    "int": "int {new} = 1;",
    "bool": "bool {new} = false;",
    "list": "var {new} = new List<string>();",
    "json": "var {new} = new JObject();",
    "dictionary": "var {new} = new Dictionary<string, int>();",
    "builder": "var {new} = new StringBuilder();",
}
NAMES = ["tenant", "apiKey", "claims", "payload", "count", "result", "region", "token", "userId", "scope", "limit", "body"]


class Wrong(NamedTuple):
    """A program with one typo: what the compiler says first, and where (offset)."""

    code: str
    expected: str
    place: int
    typo: str


class ProgramWriter:
    """Makes one program up."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._known: dict[str, list[str]] = {type_: [] for type_ in FIRST}
        self._used = 0

    def write(self) -> str:
        """The program with its marks."""
        lines = []
        for type_, text in FIRST.items():
            lines.append(self._filled(text, type_))
        lines += self._statements(self._random.randint(1, 14), 1)
        lines.append(self._filled(self._random.choice(RETURNS), ""))
        return "@{\n" + "\n".join("    " + line for line in lines) + "\n}"

    def _statements(self, count: int, depth: int) -> list[str]:
        lines: list[str] = []
        for _ in range(count):
            if depth < 3 and self._random.random() < 0.2:
                opening, closing = self._random.choice(BLOCKS)
                names = {"item": self._name(), "index": self._name(), "error": self._name()}
                for key, name in names.items():
                    opening, closing = opening.replace(f"{{{key}}}", name), closing.replace(f"{{{key}}}", name)
                saved = {type_: list(known) for type_, known in self._known.items()}
                lines.append(self._filled(opening, ""))
                lines += ["    " + line for line in self._statements(self._random.randint(1, 3), depth + 1)]
                self._known = saved
                lines.append(self._filled(closing, ""))
            else:
                type_, text = self._random.choice(STATEMENTS)
                lines.append(self._filled(text, type_))
        return lines

    def _name(self) -> str:
        self._used += 1
        return f"{self._random.choice(NAMES)}{self._used}"

    def _filled(self, text: str, type_: str) -> str:
        other = self._name()
        new = self._name()

        def fill(match: re.Match[str]) -> str:
            kind = match.group(1)
            if kind in ("new", "other"):
                return new if kind == "new" else other
            return self._random.choice(self._known[kind]) if kind in self._known else match.group(0)

        made = re.sub(r"\{(new|other|string|int|bool|list|json|dictionary|builder)\}", fill, text)
        if type_:
            self._known[type_].append(new)
        if "out var {other}" in text:
            self._known["int"].append(other)
        return made


def plain(marked: str) -> str:
    """The program without marks."""
    return MARK.sub(lambda match: match.group(2), marked)


def _misspelt(word: str) -> str:
    """Two letters exchanged, in the middle of the word where it has one."""
    for at in range(max(len(word) // 2 - 1, 0), len(word) - 1):
        if word[at] != word[at + 1]:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word + "x"


def wrong_programs(marked: str) -> list[Wrong]:
    """The program with each typo that its marks allow."""
    found = []
    for match in MARK.finditer(marked):
        kind, text = match.groups()
        before, after = plain(marked[: match.start()]), plain(marked[match.end() :])
        place = len(before)
        typo = _TYPOS.get(kind)
        if typo is None:
            continue
        for code, replacement, offset in typo(text, before, after):
            rest = after
            if replacement.endswith("/*"):  # what stands between the brackets of the call is left out
                replacement, rest = replacement.removesuffix("/*"), after.removeprefix("()")
            found.append(Wrong(before + replacement + rest, code, place + offset, f"{kind} {text} → {replacement}"))
    body, _, _ = plain(marked).rpartition("\n    return")
    found.append(Wrong(f"{body}\n}}", "CS0161", 1, "return is missing"))
    return found


def _member(text: str, before: str, after: str) -> list[tuple[str, str, int]]:
    wrong = _misspelt(text)
    made = [("CS1061", wrong, 0)]
    if text.lower() not in (text, "as"):
        made.append(("CS1061", text.lower(), 0))
    if after.startswith("()."):
        made.append(("CS0119", f"{text}/*", 0))
    return made


def _static_member(text: str, before: str, after: str) -> list[tuple[str, str, int]]:
    return [("CS0117", _misspelt(text), 0), ("CS0117", text.lower(), 0)]


def _local(text: str, before: str, after: str) -> list[tuple[str, str, int]]:
    return [("CS0103", _misspelt(text), 0), ("CS0103", text[0].upper() + text[1:], 0)]


def _text_argument(text: str, before: str, after: str) -> list[tuple[str, str, int]]:
    return [*_local(text, before, after), ("CS1503", "5", 0)] if "Add(" not in before[-6:] else [("CS1503", "5", 0)]


def _end(text: str, before: str, after: str) -> list[tuple[str, str, int]]:
    return [("CS1002", "", 0)] if after.startswith("\n") else [("CS1002", "", 1)]


def _quote(text: str, before: str, after: str) -> list[tuple[str, str, int]]:
    return [("CS0103", text.strip('"').replace("-", ""), 0)] if text.strip('"').isalpha() else []


_TYPOS = {
    "member": _member,
    "smember": _static_member,
    "local": _local,
    "string": _text_argument,
    "static": lambda text, before, after: [("CS0103", _misspelt(text), 0)] if text not in ("int", "string") else [],
    "type": lambda text, before, after: [("CS0246", _misspelt(text), 0)],
    "end": _end,
    "quote": _quote,
    "text": lambda text, before, after: [("CS0029", "5", 0), ("CS0029", "true", 0), ("CS1010", '"gold', 0)],
    "integer": lambda text, before, after: [("CS0029", '"3"', 0), ("CS0029", "true", 0), ("CS0266", "3.5", 0)],
    "boolean": lambda text, before, after: [("CS0029", "1", 0), ("CS0029", '"true"', 0)],
    "number": lambda text, before, after: [("CS1503", '"5"', 0)],
    "name": lambda text, before, after: [("CS1739", "preserve", 0)],
    "equals": lambda text, before, after: [("CS0029", "=", -len(re.search(r"\w+ $", before).group(0)))],  # type: ignore[union-attr]
}
