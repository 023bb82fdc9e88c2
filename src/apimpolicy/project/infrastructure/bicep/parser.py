"""Parses Bicep: declarations and expressions. A declaration that can't be read is a problem, and the next one is read.

Source: https://learn.microsoft.com/azure/azure-resource-manager/bicep/file

Strings in Bicep: `'…'` with escapes and `${…}`, and `'''…'''` as it is.

Source: https://learn.microsoft.com/azure/azure-resource-manager/bicep/data-types#strings
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from apimpolicy.project.infrastructure import nodes
from apimpolicy.project.infrastructure.parsing import ExpressionParser, NotReadable, SyntaxProblem
from apimpolicy.records import Record
from apimpolicy.text.source import Source

_ESCAPE = re.compile(r"\\(?:([nrt'\\$])|u\{([0-9A-Fa-f]{1,6})\})")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "'": "'", "\\": "\\", "$": "$"}
_SPECIAL = re.compile(r"['\n\\]|\$\{")
_VERBATIM = re.compile(r"(\$*)'''\r?\n?")
_END = re.compile(r"''''*")
_BRACKETS = re.compile(r"\$*'''|['{}\n]|//|/\*")


def read_string(parser: BicepParser) -> nodes.CodeNode:
    """Read the string at hand. Raises NotReadable when it isn't closed."""
    start = parser.start
    verbatim = _VERBATIM.match(parser.text, start, parser.stop)
    if verbatim is not None:
        parts, end = _verbatim(parser, verbatim.end(), "$" * len(verbatim[1]))
        node = nodes.TemplateExpression(start, end, parts, True)
    else:
        parts, end = _quoted(parser, start + 1)
        node = nodes.TemplateExpression(start, end, parts)
    parser.move(end)
    return node


def _verbatim(parser: BicepParser, start: int, mark: str) -> tuple[list[nodes.CodeNode], int]:
    text = parser.text
    closing = _END.search(text, start, parser.stop)
    if closing is None:
        raise NotReadable("the string isn't closed", start - len("'''"), start)
    stop = closing.end() - 3
    parts: list[nodes.CodeNode] = []
    begin = start
    while mark and (place := text.find(mark + "{", begin, stop)) >= 0:
        parts += nodes.chars(text, begin, place)
        value, begin = _interpolated(parser, place + len(mark) + 1, stop)
        parts.append(nodes.Interpolation(place, begin, value))
    parts += nodes.chars(text, begin, stop)
    return parts, stop + 3


def _quoted(parser: BicepParser, start: int) -> tuple[list[nodes.CodeNode], int]:
    text, stop = parser.text, parser.stop
    parts: list[nodes.CodeNode] = []
    begin = position = start
    while (special := _SPECIAL.search(text, position, stop)) is not None:
        place, sign = special.start(), special[0]
        position = special.end()
        if sign == "'":
            parts += nodes.chars(text, begin, place)
            return parts, position
        if sign == "\n":
            break
        if sign == "\\":
            escape = _ESCAPE.match(text, place, stop)
            if escape is None:
                position = min(position + 1, stop)
                continue
            parts += nodes.chars(text, begin, place)
            parts.append(nodes.Chars(place, escape.end(), _character(escape), False))
            begin = position = escape.end()
        else:
            parts += nodes.chars(text, begin, place)
            value, position = _interpolated(parser, position, stop)
            parts.append(nodes.Interpolation(place, position, value))
            begin = position
    raise NotReadable("the string isn't closed", start - 1, start)


def _character(escape: re.Match[str]) -> str:
    if escape[1] is not None:
        return _ESCAPES[escape[1]]
    return nodes.character(escape[2])


def _interpolated(parser: BicepParser, start: int, stop: int) -> tuple[nodes.CodeNode, int]:
    """Read the expression after `${`, and return where its brace ends."""
    inner = type(parser)(parser.source, start, stop)
    inner.lines = False
    inner.depth = parser.depth + 1
    try:
        inner.advance()
        node = inner.expression()
        if inner.at("}"):
            return node, inner.end
    except NotReadable:
        pass
    end = end_of_braces(parser.text, start, stop)
    return nodes.Unreadable(start, max(end - 1, start)), end


def end_of_braces(text: str, start: int, stop: int) -> int:
    """Return the offset after the brace that closes the one before `start`; strings are skipped."""
    inside = ["{"]
    position = start
    while inside and position < stop:
        if inside[-1] == "'":
            match = _SPECIAL.search(text, position, stop)
            if match is None:
                return stop
            position = match.end()
            if match[0] == "${":
                inside.append("{")
            elif match[0] == "\\":
                position += 1
            else:
                inside.pop()
            continue
        match = _BRACKETS.search(text, position, stop)
        if match is None:
            return stop
        sign, position = match[0], match.end()
        if sign.endswith("'''"):
            closing = _END.search(text, position, stop)
            position = stop if closing is None else closing.end()
        elif sign == "//" or sign == "/*":
            end = text.find("\n" if sign == "//" else "*/", position, stop)
            position = stop if end < 0 else end
        elif sign == "}":
            inside.pop()
        elif sign != "\n":
            inside.append(sign)
    return min(position, stop)


_BLANKS = r"(?:[ \t\r\f\ufeff]++|//[^\n]*+|/\*.*?\*/|\#disable[^\n]*+|\#restore[^\n]*+)*+"
_TOKEN = re.compile(
    _BLANKS + r"(?:(?P<name>[A-Za-z_]\w*+)|(?P<number>\d++)|(?P<quote>\$*'''|')|(?P<line>\n)"
    r"|(?P<sign>\.\.\.|=>|==|!=|=~|!~|<=|>=|&&|\|\||\?\?|::|\.\?(?!\d)|[-+*/%!<>?:.,=(){}\[\]@|])|(?P<end>\Z)|(?P<other>.))",
    re.DOTALL,
)
_CONTINUED = re.compile(rf"(?:{_BLANKS}\n)++{_BLANKS}(?=\?|\|\||&&|:(?!:))", re.DOTALL)
_LAMBDA = re.compile(r"\(\s*((?:[A-Za-z_]\w*\s*(?:,\s*[A-Za-z_]\w*\s*)*)?)\)\s*=>")
_LEVELS = (("??",), ("||",), ("&&",), ("==", "!=", "=~", "!~"), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))
_DECLARED = re.compile(r"^(?:@|(?:param|var|resource|module|output|func|type|import|metadata|using)\b)", re.MULTILINE)
VALUES = ("param", "var", "output")
RESOURCES = ("resource", "module")
WITHOUT_NAME = ("targetScope", "metadata", "using", "extends", "import", "provider", "extension", "assert", "type")


class Declaration(Record):
    """`kind name …`: a parameter, a variable, a resource, a module, an output, a function, an import."""

    start: int
    end: int
    kind: str
    name: str
    value: nodes.CodeNode | None
    type: nodes.CodeNode | None = None
    existing: bool = False
    names: Sequence[tuple[str, str]] = ()
    """The parts of an import: the name there and the name here; `*` is everything."""


class BicepParser(ExpressionParser):
    """Reads one file or a span of it."""

    TOKEN = _TOKEN
    STRINGS = re.compile(r"//[^\n]*|\$*'''|'")
    PRECEDENCE: ClassVar[dict[str, int]] = {sign: level for level, signs in enumerate(_LEVELS) for sign in signs}
    SAFE_ACCESS = True
    LINES_IN_LISTS = True
    CONTINUED = _CONTINUED

    def declarations(self) -> tuple[list[Declaration], list[SyntaxProblem]]:
        """Read all declarations, and what can't be read."""
        declared: list[Declaration] = []
        problems: list[SyntaxProblem] = []
        position = self.end
        while position < self.stop:
            self.lines, self.depth = True, 0
            try:
                self.move(position)
                self.skip_lines()
                position = self.start
                if self.kind == "end":
                    break
                declared.append(self.declaration())
                if self.kind not in ("line", "end"):
                    raise self.unexpected("the end of the line")
                position = self.start
            except NotReadable as error:
                problems.append(error.problem)
                following = _DECLARED.search(self.text, position + 1, self.stop)
                end = self.stop if following is None else following.start()
                declared.append(
                    Declaration(
                        position, end, "", "", nodes.Unreadable(position, end, list(self.strings(position, end)))
                    )
                )
                position = end
        return declared, problems

    def declaration(self) -> Declaration:
        while self.accept("@"):
            self.expression()
            self.skip_lines()
        start = self.start
        kind = self.word()
        if kind in VALUES or kind == "func":
            return self.valued(start, kind)
        if kind in RESOURCES:
            return self.resource(start, kind)
        if kind == "import":
            return self.imported(start)
        if kind in WITHOUT_NAME:
            self.skip_rest()
            return Declaration(start, self.last, kind, "", None)
        raise NotReadable(f"'{kind}' begins no declaration", start, start + len(kind))

    def valued(self, start: int, kind: str) -> Declaration:
        name = self.word()
        if kind == "func":
            names = self.parameters()
            self.skip_type("=>")
            self.expect("=>")
            self.skip_lines()
            body = self.expression()
            return Declaration(start, body.end, kind, name, nodes.Lambda(start, body.end, names, body))
        if not self.at("="):
            self.skip_type("=")
        if not self.at("="):
            nullable = kind == "param" and self.text.startswith("?", self.last - 1)
            value = nodes.LiteralValue(self.last - 1, self.last, None) if nullable else None
            return Declaration(start, self.last, kind, name, value)
        self.advance()
        self.skip_lines()
        given = self.expression()
        return Declaration(start, given.end, kind, name, given)

    def parameters(self) -> list[str]:
        """Read the names of a function's parameters, and leave their types out."""
        before = self.open(False)
        names: list[str] = []
        while not self.at(")"):
            names.append(self.word())
            while not self.at(",") and not self.at(")") and self.kind != "end":
                self.skip_one()
            if not self.accept(",") and self.kind == "end":
                raise self.unexpected("')'")
        self.close(")", before)
        return names

    def skip_type(self, sign: str) -> None:
        """Skip a type, up to a sign or the end of the line."""
        while self.kind not in ("line", "end") and not self.at(sign):
            self.skip_one()

    def skip_rest(self) -> None:
        while self.kind not in ("line", "end"):
            self.skip_one()
            ahead = re.compile(rf"(?:{_BLANKS}\n)++{_BLANKS}\|(?!\|)", re.DOTALL).match(
                self.text, self.start, self.stop
            )
            if self.kind == "line" and ahead is not None:
                self.move(ahead.end())

    def skip_one(self) -> None:
        """Skip a token, or everything between two brackets."""
        if self.kind == "quote":
            read_string(self)
        elif self.kind == "sign" and self.token in "([":
            closing = {"(": ")", "[": "]"}[self.token]
            before = self.open(False)
            while not self.at(closing) and self.kind != "end":
                self.skip_one()
            self.close(closing, before)
        elif self.at("{"):
            self.move(end_of_braces(self.text, self.end, self.stop))
        else:
            self.advance()

    def resource(self, start: int, kind: str) -> Declaration:
        name = self.word()
        type_ = self.primary()
        existing = self.accept("existing")
        self.expect("=")
        self.skip_lines()
        value = self.body()
        return Declaration(start, value.end, kind, name, value, type_, existing)

    def imported(self, start: int) -> Declaration:
        names: list[tuple[str, str]] = []
        if self.at("{"):
            before = self.open(False)
            while not self.at("}"):
                name = self.word()
                names.append((name, self.word() if self.accept("as") else name))
                self.accept(",")
            self.close("}", before)
        elif self.accept("*"):
            self.expect("as")
            names.append(("*", self.word()))
        else:
            self.skip_rest()
            return Declaration(start, self.last, "import", "", None)
        self.expect("from")
        file = self.primary()
        self.skip_rest()
        return Declaration(start, self.last, "import", "", None, file, names=names)

    def body(self) -> nodes.CodeNode:
        """Read the body of a resource or of a loop: an expression, or `if (test) { … }`."""
        if not self.at_word("if"):
            return self.expression()
        start = self.start
        self.advance()
        before = self.open(False)
        test = self.expression()
        self.close(")", before)
        self.skip_lines()
        value = self.expression()
        return nodes.If(start, value.end, test, value)

    # Expressions

    def primary(self) -> nodes.CodeNode:
        start = self.start
        if self.kind == "quote":
            return read_string(self)
        if self.at("["):
            return self.array(start)
        if self.at("{"):
            return self.object(start)
        if self.at("(") and (found := _LAMBDA.match(self.text, start, self.stop)) is not None:
            self.move(found.end())
            return self.lambda_(start, re.findall(r"\w+", found[1]))
        if self.kind == "name" and re.compile(r"\w+[ \t]*=>").match(self.text, start, self.stop):
            name = self.word()
            self.advance()
            return self.lambda_(start, [name])
        return super().primary()

    def lambda_(self, start: int, names: list[str]) -> nodes.CodeNode:
        self.skip_lines()
        body = self.expression()
        return nodes.Lambda(start, body.end, names, body)

    def array(self, start: int) -> nodes.CodeNode:
        ahead = re.compile(rf"\[(?:{_BLANKS}\n)*+{_BLANKS}for\b(?!\s*[,\].])", re.DOTALL)
        if not ahead.match(self.text, start, self.stop):
            return super().array(start)
        before = self.open(True)
        self.skip_lines()
        self.advance()
        names = self.parameters() if self.at("(") else [self.word()]
        self.expect("in")
        items = self.expression()
        self.expect(":")
        self.skip_lines()
        value = self.body()
        self.skip_lines()
        self.close("]", before)
        test = value.test if isinstance(value, nodes.If) else None
        return nodes.For(
            start, self.last, names, items, None, value.value if isinstance(value, nodes.If) else value, test
        )

    def item(self) -> nodes.CodeNode:
        start, is_spread = self.start, self.accept("...")
        value = self.expression()
        return nodes.Spread(start, value.end, value) if is_spread else value

    def object(self, start: int) -> nodes.CodeNode:
        before = self.open(True)
        entries: list[tuple[nodes.CodeNode | None, nodes.CodeNode]] = []
        resources: list[Declaration] = []
        nested = re.compile(r"resource\s+\w+\s+'")
        self.skip_lines()
        while not self.at("}"):
            if self.accept("..."):
                entries.append((None, self.expression()))
            elif self.at("@") or (self.kind == "name" and nested.match(self.text, self.start, self.stop)):
                resources.append(self.declaration())
            else:
                entries.append(self.entry())
            self.separator("}")
        self.close("}", before)
        return nodes.Object(start, self.last, entries, resources)

    def entry(self) -> tuple[nodes.CodeNode, nodes.CodeNode]:
        if self.kind == "quote":
            key = read_string(self)
        elif self.kind in ("name", "number"):
            key = nodes.LiteralValue(self.start, self.end, self.token)
            self.advance()
        else:
            raise self.unexpected("a name")
        self.expect(":")
        self.skip_lines()
        return key, self.expression()

    def access_once(self, node: nodes.CodeNode) -> nodes.CodeNode | None:
        if self.at("::"):
            self.advance()
            return nodes.Nested(node.start, self.end, node, self.word())
        if self.at("!") and not self.text.startswith(("=", "~"), self.end):
            self.advance()
            return node
        found = super().access_once(node)
        if isinstance(found, nodes.Member) and self.at("(") and self.start == self.last:
            arguments, _ = self.arguments()
            return nodes.FunctionCall(node.start, self.last, found.name, arguments, receiver=node)
        return found


def parse_file(source: Source) -> tuple[list[Declaration], list[SyntaxProblem]]:
    """Return the declarations of a file, and what can't be read in it."""
    return BicepParser(source).declarations()
