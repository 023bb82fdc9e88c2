"""Advice of syntax errors: code in the style of other languages, and constructs of C# 8 to 12 or unsafe code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from apimpolicy.csharp.syntax.failure import ParseFailure
    from apimpolicy.diagnostics import DiagnosticInfo


CONDITIONAL: Final = (
    "A conditional is written condition ? value : other value; a member after a null check is written a?.b."
)
_ARRAY = "Write an array as new[] { 1, 2, 3 }, and a list as new List<int> { 1, 2, 3 }."
_FUNCTION = "A function declares its types: int F(int x) { return x; }."
_LAMBDA = "A lambda is written x => expression or (x, y) => expression."
_LOOP = "A loop over elements is written foreach (var item in items) { … }."
_OBJECT = 'Write new { name = value }, or new JObject { { "name", value } } for JSON.'
_SLICE = "Use Substring, Skip or Take."

_WORDS: Final = {
    "and": "Write && for a logical and.",
    "or": "Write || for a logical or.",
    "not": "Write ! for a logical not.",
    "then": "C# has no 'then': write if (condition) statement.",
    "elif": "Write else if (condition).",
    "in": "Write items.Contains(value).",
    "between": "Write low <= value && value <= high.",
    "is": "Write == null, or != null.",
    "like": "Write text.Contains(part), or Regex.IsMatch(text, pattern).",
    "when": CONDITIONAL,
    "instanceof": "Write value is Type.",
    "except": "Write catch (Exception e) { … }.",
    "function": "Write a lambda: x => expression.",
    "let": "Declare a variable with var.",
    "const": "Declare a variable with var.",
}
"""Words at the place of the error."""

_WORDS_BEFORE: Final = {
    **{word: _WORDS[word] for word in ("and", "or", "not")},
    "lambda": "A lambda is written x => expression.",
    "final": "Remove 'final', or write const in its place.",
    "raise": 'An exception is thrown with throw: throw new Exception("text");.',
    "unless": "Write if (!condition).",
    "echo": "Write to the trace with context.Trace(message).",
    "print": "Write to the trace with context.Trace(message).",
    "delete": 'A variable can\'t be removed here; of a JObject write json.Remove("name").',
}
"""Words in front of the place of the error."""

_STRING_PREFIXES: Final = {
    "f": 'An interpolated string is written $"text {value}".',
    "r": 'A string without escapes is written @"text".',
    "b": "The bytes of a text are Encoding.UTF8.GetBytes(text).",
    "u": "Remove the prefix: every C# string is Unicode.",
}
TYPES: Final = "Types can't be declared here: use new { Name = value }, or a tuple."
TYPE_WORDS: Final = frozenset({"record", "class", "struct", "enum", "interface"})


def advice(failure: ParseFailure) -> str:
    return (
        _of_operators(failure)
        or _of_strings(failure)
        or _of_words(failure)
        or of_loop(failure)
        or _of_brackets(failure)
        or _WORDS.get(failure.spelling().lower(), "")
    )


def _of_operators(failure: ParseFailure) -> str:
    spelling, before = failure.spelling(), failure.tokens.text[failure.start - 2 : failure.start]
    if spelling == "=" and before in ("==", "!="):
        return f"C# has no {before}=: write == or !=."
    if _hides_a_divisor(failure):
        return "'//' starts a comment: the division of integers is written with one '/'."
    if failure.kind == "ARROW":
        return _LAMBDA
    is_comparison = spelling in ("!=", "==", "<", ">", "<=", ">=") and not failure.after_expression
    if is_comparison and failure.spelling(-1) in ("&&", "||"):
        return "Repeat the value: x != a && x != b."
    if failure.spelling(-2) + failure.spelling(-1) == "<>":
        return "Write != for 'not equal'."
    if failure.previous == "DOT" and failure.kind == "STRING_LITERAL":
        return "Join texts with +."
    if spelling == "/" and not failure.after_expression:
        return 'A regular expression is a string: Regex.IsMatch(text, @"pattern").'
    if spelling == ";" and failure.spelling(-1) in ENTITIES and failure.spelling(-2) == "&":
        return f"'&{failure.spelling(-1)};' is not decoded here: write the character itself."
    return ""


def _of_strings(failure: ParseFailure) -> str:
    if failure.kind == "STRING_LITERAL" and failure.adjacent() and failure.spelling(-1) in _STRING_PREFIXES:
        return _STRING_PREFIXES[failure.spelling(-1)]
    if failure.previous != "STRING_LITERAL":
        return ""
    if failure.tokens.text.startswith('"""', failure.start - 2):
        return 'C# 7.3 has no raw strings: write @"…" and double the quotes inside.'
    if failure.kind == "STRING_LITERAL" or (failure.adjacent() and failure.kind != "COLON"):
        return 'The string ended before this: write \\" for a quote inside a string, or + to join strings.'
    return ""


def _of_words(failure: ParseFailure) -> str:
    before = failure.spelling(-1).lower()
    if before in _WORDS_BEFORE:
        return _WORDS_BEFORE[before]
    if before in ("if", "while", "switch", "elif") and failure.accepts("LPAR"):
        return f"Write the condition in parentheses: {'if' if before == 'elif' else before} (condition)."
    if failure.kind == "IF" and failure.after_expression:
        return CONDITIONAL
    tokens = failure.tokens
    opening = failure.opening(failure.index - 1) if failure.previous == "RPAR" else failure.opening()
    if opening < 1 or tokens.kinds[opening] != "LPAR":
        return ""
    words = tokens.spelling(opening - 1), tokens.spelling(opening - 2) if opening > 1 else ""
    if failure.kind == "LBRACE" and words[0] in ("elif", "elseif", "elsif"):
        return _WORDS["elif"]
    if words[1] in ("function", "def", "fn", "func", "fun"):
        return _FUNCTION
    return TYPES if words[1] in TYPE_WORDS else ""


def of_loop(failure: ParseFailure) -> str:
    """Return the syntax of a loop over elements, where one of another language is used."""
    if failure.previous == "FOR" and failure.kind == "NAME":
        return _LOOP
    opening = failure.opening()
    if failure.kind in ("COLON", "NAME") and opening > 0 and failure.tokens.spelling(opening - 1) in ("for", "foreach"):
        return _LOOP
    is_in_for = failure.previous == "LPAR" and failure.index > 1 and failure.spelling(-2) == "for"
    return _LOOP if is_in_for and failure.kind == "CONST" else ""


def _of_brackets(failure: ParseFailure) -> str:
    opening = failure.opening()
    around = failure.tokens.kinds[opening] if opening >= 0 else ""
    if failure.kind == "COLON" and failure.tokens.text.startswith(":=", failure.tokens.starts[failure.index]):
        return "Write = to give a variable its value."
    if failure.kind == "COLON" and around == "LBRACE" and failure.accepts("COMMA"):
        if opening and failure.tokens.kinds[opening - 1] == "NEW":
            return "Write each member as name = value."
        return "Write each pair in braces of its own, with a comma: { key, value }."
    if failure.kind == "COLON" and around == "LSQB":
        return _SLICE
    if failure.kind == "LSQB" and failure.accepts("INTEGER_LITERAL"):
        return "Compare the elements one by one." if failure.previous == "IS" else _ARRAY
    if failure.kind == "LBRACE" and failure.accepts("INTEGER_LITERAL"):
        return _OBJECT
    return ""


def of_type(failure: ParseFailure, name: str) -> str:
    """Return a hint for a predefined type where a value must be: `int("5")`."""
    if failure.kind == "LPAR":
        if name in ("string", "object"):
            return "Convert a value with value.ToString()."
        return f"Convert a text with {name}.Parse(text), another value with ({name})value."
    return f"'{name}' is a type; write a value, a member such as {name}.…, or typeof({name})."


def _hides_a_divisor(failure: ParseFailure) -> bool:
    """Return whether `a // b;` precedes the token, where the comment swallowed the end of the statement."""
    end = failure.tokens.ends[failure.index - 1] if failure.index else 0
    comment = failure.tokens.text[end : failure.start].lstrip()
    if not comment.startswith("//"):
        return False
    divisor, closing, _ = comment[2:].strip().partition(";")
    return bool(closing) and divisor.strip().replace(".", "").replace("_", "").isalnum()


# Constructs of C# 8 to 12, recognised where the parser fails: policy expressions are C# 7.3 (CS8370)


def newer_feature(failure: ParseFailure) -> DiagnosticInfo | None:
    """Return the error for a construct of a newer C# where the parser failed."""
    found = _after_operand(failure) or _elsewhere(failure)
    if found is None:
        return None
    name, start, help = found
    place = start, min(max(failure.end, start + 1), len(failure.tokens.text))
    return failure.error("CS8370", f"'{name}' is newer than C# 7.3", at=place, help=help)


def _after_operand(failure: ParseFailure) -> tuple[str, int, str] | None:
    kinds, index, kind = failure.tokens.kinds, failure.index, failure.kind
    if kind == "EQUAL" and failure.previous == "DOUBLE_QUESTION" and failure.adjacent():
        return "coalescing assignment", failure.operand_start(index - 1), "Write x = x ?? value;"
    if failure.previous == "DOT" and (kind == "DOT" or failure.spelling().startswith(".")) and failure.adjacent():
        start = failure.tokens.starts[index - 1]
        if index > 1 and failure.follows_operand(index - 1):
            start = failure.operand_start(index - 1)
        return "range operator", start, "Use Substring, Skip or Take."
    if kind == "REAL_LITERAL" and failure.previous == "DOT":
        return "range operator", failure.operand_start(index - 1), "Use Substring, Skip or Take."
    if not index or not failure.follows_operand(index) or not failure.after_expression:
        return None
    if kind == "SWITCH" and kinds[index + 1] == "LBRACE":
        return "switch expression", failure.operand_start(index), "Use a switch statement, or a chain of ? and :."
    if kind == "BANG" and kinds[index + 1] != "EQUAL":
        return "nullable reference types", failure.operand_start(index), "Remove the '!'."
    return None


def _elsewhere(failure: ParseFailure) -> tuple[str, int, str] | None:
    kinds, index, kind, starts = failure.tokens.kinds, failure.index, failure.kind, failure.tokens.starts
    if kind == "CARET" and failure.accepts("INTEGER_LITERAL") and kinds[index + 1] != "RPAR":
        return "index operator", failure.start, "Count from the start: a[a.Length - 1]."
    if failure.previous == "USING" and failure.is_name(index):
        is_import = kinds[index + 1] in ("SEMICOLON", "DOT")
        help = "Remove it: the usual namespaces are imported." if is_import else "Write using (var x = …) { … }."
        return "using declarations", starts[index - 1], help
    if kind in ("FOREACH", "USING") and failure.previous == "_AWAIT":
        return "async streams", starts[index - 1], "Policy expressions have no asynchronous sequences: remove 'await'."
    opening = failure.opening()
    if opening > 0 and kinds[opening] == "LPAR" and kinds[opening - 1] == "NEW":
        return "target-typed object creation", starts[opening - 1], "Write the type: new Type(…)."
    if kind == "DOT" and failure.tokens.text.startswith("..", failure.start) and failure.accepts("INTEGER_LITERAL"):
        return "range operator", failure.start, "Use Substring, Skip or Take."
    return None


# Unsafe code, recognised where the parser fails: the grammar has no pointers, since a policy has no `unsafe`.
# The codes are the compiler's for code without an unsafe context: CS0227, CS0214, CS0193, and CS1575 of `stackalloc`.
# The places are not verified with a real compiler; they follow the compiler's sources as we know them.

ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})

_HELP = "Policy expressions have no pointers."


def unsafe_code(failure: ParseFailure) -> DiagnosticInfo | None:
    spelling, tokens, index = failure.spelling(), failure.tokens, failure.index
    if spelling == "unsafe" and failure.accepts("RETURN"):
        return failure.error("CS0227", "unsafe code is not allowed here", help=_HELP)
    if spelling == "fixed" and failure.accepts("RETURN"):
        return failure.error("CS0214", "'fixed' can only be used in unsafe code", help=_HELP)
    if spelling == "*" and failure.previous == "PREDEFINED_TYPE":
        message = "pointer types can only be used in unsafe code"
        return failure.error("CS0214", message, at=failure.from_token(-1), help=_HELP)
    if failure.previous != "RSQB" and failure.after_type_of("STACKALLOC"):
        help = "Write the size: stackalloc int[3]."
        place = _last_type(failure, "STACKALLOC")
        return failure.error("CS1575", "'stackalloc' must have a size", at=place, help=help)
    if failure.accepts("INTEGER_LITERAL") and index:
        if spelling == "&" and failure.spelling(-1) == ";" and failure.spelling(-3) == "&":
            name = failure.spelling(-2)
            if name in ENTITIES:  # `a &amp;&amp; b`: what stands first is a name
                message = f"the name '{name}' does not exist in this context"
                help = f"'&{name};' is not decoded here: write the character itself."
                return failure.error("CS0103", message, at=tokens.span(index - 2), help=help)
        if spelling == "&" and failure.spelling(1) in ENTITIES and failure.spelling(2) == ";":
            return _entity(failure)
        if spelling == "&":
            return failure.error("CS0214", "the address-of operator can only be used in unsafe code", help=_HELP)
        if spelling == "*":
            is_power = failure.spelling(-1) == "*" and failure.adjacent()
            return failure.error(
                "CS0193",
                "'*' can only be applied to a pointer, and policy expressions have none",
                help="A power is written Math.Pow(x, y)." if is_power else _HELP,
            )
        if spelling == ">" and failure.spelling(-1) == "-" and failure.adjacent():
            help = "A member follows a dot: write '.' for '->'."
            if failure.is_name(index - 2) and tokens.ends[index - 2] < tokens.starts[index - 1]:
                help = "A lambda is written with '=>': x => expression."
                name = tokens.spelling(index - 2)
                if not _is_named_before(failure, name):
                    message = f"the name '{name}' does not exist in this context"
                    return failure.error("CS0103", message, at=tokens.span(index - 2), help=help)
            place = failure.operand_start(index - 1), failure.end
            message = "'->' can only be applied to a pointer, and policy expressions have none"
            return failure.error("CS0193", message, at=place, help=help)
    return None


def _is_named_before(failure: ParseFailure, name: str) -> bool:
    """Return whether the name also occurs before the operand, as in its declaration."""
    tokens = failure.tokens
    names = map(tokens.spelling, range(failure.index - 2))
    return name == "context" or name in names


def _entity(failure: ParseFailure) -> DiagnosticInfo:
    """`&quot;` in code that is not read as XML: the compiler stops at its semicolon."""
    tokens, index = failure.tokens, failure.index
    entity = tokens.text[failure.start : tokens.ends[index + 2]]
    help = f"'{entity}' is not decoded here: write the character itself."
    if failure.opening() >= 0 and tokens.kinds[failure.opening()] == "LPAR":
        return failure.error("CS1026", ") expected", at=tokens.span(index + 2), help=help)
    return failure.error("CS0214", "the address-of operator can only be used in unsafe code", help=help)


def _last_type(failure: ParseFailure, word: str) -> tuple[int, int]:
    tokens, place = failure.tokens, failure.index - 1
    while tokens.kinds[place - 1] != word:
        place -= 1
    return tokens.starts[place], tokens.ends[failure.index - 1]
