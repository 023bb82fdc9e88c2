"""Numbers and truth values, and texts that write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver, symbolic_json
from apimpolicy.concolic.access import Output
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.number_parsing import number_in, parsed, parsed_truth, truth_in, unparsable_character
from apimpolicy.concolic.strings import as_text
from apimpolicy.concolic.values import ConcolicValue, term_of

if TYPE_CHECKING:
    from apimpolicy.concolic.forms import Call

_BUT = "texts that write a number with spaces, a plus or more than nine digits (of a long eighteen)"


@form("int", "static int Parse(string s)", but=_BUT)
@form("long", "static long Parse(string s)", but=_BUT)
@form("System.Convert", "static int ToInt32(string value)", "static long ToInt64(string value)", but=_BUT)
def parse(call: Call) -> ConcolicValue | None:
    text = call.arguments[0]
    if text.null is not None:
        call.replayer.path.add_branch(text.null, text.value is None, "null")
        if text.value is None:
            if call.owner != "System.Convert":
                call.guard(solver.FALSE)
            return ConcolicValue()
    return parsed(
        call.replayer,
        ConcolicValue(text.value, text.term, form=text.form, unsupported=text.unsupported),
        str(call.node.type),
    )


@form("System.Convert", "static int ToInt32(object value)", "static long ToInt64(object value)")
def convert_object(call: Call) -> ConcolicValue | None:
    given = call.arguments[0]
    if isinstance(given.form, symbolic_json.SymbolicJson):
        if symbolic_json.is_null(call.replayer, given) or symbolic_json.is_plain_null(call.replayer, given):
            return ConcolicValue()
        return symbolic_json.explicit(call.replayer, ConcolicValue(given.value, form=given.form), str(call.node.type))
    term = term_of(given)
    if term is not None and solver.is_numeric(term):
        return ConcolicValue(term=term)
    return parsed(call.replayer, given, str(call.node.type)) if term is not None and solver.is_string(term) else None


@form("System.Convert", "static bool ToBoolean(object value)", "static bool ToBoolean(string value)")
@form("bool", "static bool Parse(string value)")
def truth(call: Call) -> ConcolicValue | None:
    given = call.arguments[0]
    if isinstance(given.form, symbolic_json.SymbolicJson):
        if symbolic_json.is_plain_null(call.replayer, given):
            return ConcolicValue()
        return symbolic_json.explicit(call.replayer, given, "bool")
    term = term_of(given)
    if term is None:
        return None
    if solver.is_bool(term):
        return ConcolicValue(term=term)
    if not solver.is_string(term):
        return None
    if given.null is not None:
        call.guard(solver.not_(given.null))
    return parsed_truth(call.replayer, term)


@form("int", "static bool TryParse(string s, out int result)", but=_BUT)
@form("long", "static bool TryParse(string s, out long result)", but=_BUT)
def try_parse(call: Call) -> ConcolicValue | None:
    text = call.arguments[0]
    if text.null is not None:
        call.replayer.path.add_branch(text.null, text.value is None, "null")
        if text.value is None:
            return ConcolicValue(False, form=Output(ConcolicValue(0)))
    term = term_of(text)
    if term is None:
        return None
    found = number_in(call.replayer, term, call.owner)
    if found is not None:
        value = call.replayer.inputs.value(found, call.replayer.path.assignment)
        return ConcolicValue(True, form=Output(ConcolicValue(value, found)))
    if call.replayer.path.branch_on(solver.matches(term, solver.star(unparsable_character())), "number"):
        return ConcolicValue(False, form=Output(ConcolicValue(0)))
    return None


@form("bool", "static bool TryParse(string value, out bool result)")
def try_parse_truth(call: Call) -> ConcolicValue | None:
    term = term_of(call.arguments[0])
    if term is None or call.arguments[0].null is not None:
        return None
    is_true, parses = truth_in(term)
    value = call.replayer.inputs.value(is_true, call.replayer.path.assignment)
    return ConcolicValue(term=parses, form=Output(ConcolicValue(value, is_true)))


@form("int", "string ToString()")
@form("long", "string ToString()")
@form("bool", "string ToString()")
@form("System.Convert", "static string ToString(object value)", "static string ToString(int value)")
def to_text(call: Call) -> ConcolicValue | None:
    given = call.receiver if call.receiver is not None else call.arguments[0]
    term = as_text(call.replayer, given)
    return None if term is None else ConcolicValue(term=term)


@form("System.Math", "static int Max(int val1, int val2)", "static int Min(int val1, int val2)")
def largest(call: Call) -> ConcolicValue | None:
    one, two = (term_of(each) for each in call.arguments)
    if one is None or two is None:
        return None
    is_first = one > two if call.member.name == "Max" else one < two
    return ConcolicValue(term=solver.if_else(is_first, one, two))
