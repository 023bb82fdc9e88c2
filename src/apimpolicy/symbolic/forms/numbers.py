"""Numbers and truth values, and texts that write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic import solver, trees
from apimpolicy.symbolic.access import Output
from apimpolicy.symbolic.forms import form
from apimpolicy.symbolic.texts import as_text, number_of_digits
from apimpolicy.symbolic.values import Dual, term_of

if TYPE_CHECKING:
    from apimpolicy.symbolic.forms import Call
    from apimpolicy.symbolic.solver import Term
    from apimpolicy.symbolic.walker import Walker

_BUT = "texts that write a number with spaces, a plus or more than nine digits (of a long eighteen)"
_MOST_DIGITS = {"long": 18}
"""How many digits a text has at most that writes a number of this type for certain; nine of other types."""


def number_in(walker: Walker, term: Term, kind: str) -> Term | None:
    """The number of this type that a text of digits writes, on its way; None for a text that writes none.

    Other texts may write a number too (spaces around it, more digits): they are another way, which is not exact.
    """
    most = _MOST_DIGITS.get(kind, 9)
    digits = solver.times(solver.span("0", "9"), 1, most)
    if walker.path.split(solver.matches(term, digits), "number"):
        return number_of_digits(term, most)
    if walker.path.split(solver.matches(term, solver.sequence(solver.literal("-"), digits)), "number"):
        return -number_of_digits(solver.piece(term, solver.constant(1), solver.length(term) - 1), most)
    return None


def parsed(walker: Walker, text: Dual, kind: str) -> Dual | None:
    """`int.Parse` of a text that is not null."""
    term = term_of(text)
    if term is None:
        return None
    found = number_in(walker, term, kind.removesuffix("?"))
    if found is not None:
        return Dual(term=found)
    plain = solver.matches(term, solver.many(_plain_character()))
    if walker.path.split(plain, "number") or kind == "double":
        walker.guard(solver.FALSE)
        return Dual()
    return None


def _plain_character() -> solver.Pattern:
    """Characters of which no number can be written: letters and the like."""
    return solver.either(solver.span("A", "Z"), solver.span("a", "z"), solver.span(":", "@"))


@form("int", "static int Parse(string s)", but=_BUT)
@form("long", "static long Parse(string s)", but=_BUT)
def parse(call: Call) -> Dual | None:
    return _parsed_or_thrown(call, call.arguments[0])


def _parsed_or_thrown(call: Call, text: Dual) -> Dual | None:
    if text.null is not None:
        call.walker.path.hold(text.null, text.value is None, "null")
        if text.value is None:
            call.guard(solver.FALSE)
            return Dual()
    return parsed(call.walker, Dual(text.value, text.term, form=text.form, lost=text.lost), str(call.node.type))


@form(
    "System.Convert",
    "static int ToInt32(string value)",
    "static long ToInt64(string value)",
    but=_BUT,
)
def convert_text(call: Call) -> Dual | None:
    text = call.arguments[0]
    if text.null is not None:
        call.walker.path.hold(text.null, text.value is None, "null")
        if text.value is None:
            return Dual()
    return parsed(call.walker, Dual(text.value, text.term, form=text.form, lost=text.lost), str(call.node.type))


@form("System.Convert", "static int ToInt32(object value)", "static long ToInt64(object value)")
def convert_object(call: Call) -> Dual | None:
    given = call.arguments[0]
    if isinstance(given.form, trees.Tree):
        if trees.is_null(call.walker, given) or trees.is_plain_null(call.walker, given):
            return Dual()
        return trees.explicit(call.walker, Dual(given.value, form=given.form), str(call.node.type))
    term = term_of(given)
    if term is not None and solver.is_number(term):
        return Dual(term=term)
    return parsed(call.walker, given, str(call.node.type)) if term is not None and solver.is_text(term) else None


@form("System.Convert", "static bool ToBoolean(object value)", "static bool ToBoolean(string value)")
@form("bool", "static bool Parse(string value)")
def truth(call: Call) -> Dual | None:
    given = call.arguments[0]
    if isinstance(given.form, trees.Tree):
        if trees.is_plain_null(call.walker, given):
            return Dual()
        return trees.explicit(call.walker, given, "bool")
    term = term_of(given)
    if term is None:
        return None
    if solver.is_truth(term):
        return Dual(term=term)
    if not solver.is_text(term):
        return None
    if given.null is not None:
        call.guard(solver.no(given.null))
    return truth_in(call.walker, term)


def truth_in(walker: Walker, term: Term) -> Dual:
    """`bool.Parse` of a text; spaces around it are another way."""
    is_true = solver.matches(term, solver.ignoring_case("true"))
    walker.guard(solver.some(is_true, solver.matches(term, solver.ignoring_case("false"))))
    return Dual(term=is_true)


@form(
    "int",
    "static bool TryParse(string s, out int result)",
    but=_BUT,
)
@form(
    "long",
    "static bool TryParse(string s, out long result)",
    but=_BUT,
)
def try_parse(call: Call) -> Dual | None:
    text = call.arguments[0]
    if text.null is not None:
        call.walker.path.hold(text.null, text.value is None, "null")
        if text.value is None:
            return Dual(False, form=Output(Dual(0)))
    term = term_of(text)
    if term is None:
        return None
    found = number_in(call.walker, term, call.owner)
    if found is not None:
        value = call.walker.inputs.value(found, call.walker.path.assignment)
        return Dual(True, form=Output(Dual(value, found)))
    if call.walker.path.split(solver.matches(term, solver.many(_plain_character())), "number"):
        return Dual(False, form=Output(Dual(0)))
    return None


@form("bool", "static bool TryParse(string value, out bool result)")
def try_parse_truth(call: Call) -> Dual | None:
    term = term_of(call.arguments[0])
    if term is None or call.arguments[0].null is not None:
        return None
    is_true = solver.matches(term, solver.ignoring_case("true"))
    parses = solver.some(is_true, solver.matches(term, solver.ignoring_case("false")))
    value = call.walker.inputs.value(is_true, call.walker.path.assignment)
    return Dual(term=parses, form=Output(Dual(value, is_true)))


@form("int", "string ToString()")
@form("long", "string ToString()")
@form("bool", "string ToString()")
@form("System.Convert", "static string ToString(object value)", "static string ToString(int value)")
def to_text(call: Call) -> Dual | None:
    given = call.receiver if call.receiver is not None else call.arguments[0]
    term = as_text(call.walker, given)
    return None if term is None else Dual(term=term)


@form("System.Math", "static int Max(int val1, int val2)", "static int Min(int val1, int val2)")
def largest(call: Call) -> Dual | None:
    one, two = (term_of(each) for each in call.arguments)
    if one is None or two is None:
        return None
    is_first = one > two if call.member.name == "Max" else one < two
    return Dual(term=solver.choice(is_first, one, two))
