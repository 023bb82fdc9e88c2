"""Errors of calls that no candidate takes, with the codes and places of the C# compiler."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import advice, lookup, nodes
from apimpolicy.csharp.binding.conversions import explicit_conversion
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.inference import takes_receiver
from apimpolicy.csharp.binding.literals import UnboundLambda
from apimpolicy.csharp.binding.nodes import Bad, Expression, MethodGroup
from apimpolicy.csharp.binding.overloads import Argument, Candidate, Resolution
from apimpolicy.csharp.binding.reports import name_token, shown
from apimpolicy.csharp.dotnet.signatures import Parameter
from apimpolicy.csharp.dotnet.types import NULL, ArrayType, NamedType, Type
from apimpolicy.csharp.dotnet.values import OBJECT, STRING
from apimpolicy.csharp.host import BODY, LOOKED_UP_ELSEWHERE
from apimpolicy.csharp.syntax.nodes import Node, Token

if TYPE_CHECKING:
    Arguments = Sequence[Argument]
    Candidates = Sequence[Candidate]


def depends_on_error(arguments: Arguments) -> bool:
    """Return whether an argument has an error, is unknown, or has a type with an unknown part: `List<?>`.

    The call has failed either way, so its out variables no longer wait for a type.
    """
    expressions = [argument.expression for argument in arguments]
    for expression in expressions:
        if isinstance(expression, nodes.OutVariable) and expression.symbol is not None:
            expression.symbol.awaits_type = False
    return any(isinstance(e, Bad) or (e.type.has_error and not isinstance(e, nodes.OutVariable)) for e in expressions)


def ambiguous_call(binder: Binder, node: Node, group: MethodGroup, found: Resolution, arguments: Arguments) -> Bad:
    if depends_on_error(arguments):
        return binder.bad(node)
    first, second = found.ambiguous or (found.candidates[0], found.candidates[-1])
    both = f"'{group.name}({_parameters(first)})' and '{group.name}({_parameters(second)})'"
    help = "cast an argument to choose one of them"
    return binder.failure(name_token(group), "CS0121", f"the call is ambiguous between {both}", help=help)


def _parameters(candidate: Candidate) -> str:
    return ", ".join(f"{p.mode + ' ' if p.mode else ''}{shown(p.type)}" for p in candidate.method.parameters)


def no_overload(binder: Binder, node: Node, group: MethodGroup, candidates: Candidates, arguments: Arguments) -> Bad:
    return no_candidate(binder, node, name_token(group), f"'{group.name}'", candidates, arguments)


def no_candidate(
    binder: Binder,
    node: Node,
    where: Node | Token,
    name: str,
    candidates: Candidates,
    arguments: Arguments,
    *,
    code: str = "CS1501",
) -> Bad:
    """Report that no candidate is applicable: CS0411, CS1503, …; `code` is that of a wrong number of arguments."""
    if depends_on_error(arguments):
        return binder.bad(node)
    by_failure: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_failure.setdefault(candidate.failure, []).append(candidate)
    broken = next((c.violation for c in by_failure.get("constraint", ()) if c.violation is not None), None)
    if broken is not None:
        message = f"the type argument '{shown(broken.argument)}' of {name} must be {broken.wanted}"
        return binder.failure(where, broken.code, message)
    if "argument" in by_failure:
        return _bad_argument(binder, by_failure["argument"], arguments, name)
    if "inference" in by_failure:
        return _not_inferred(binder, node, where, name, arguments)
    for failure in ("twice", "position"):
        if failure in by_failure:
            return _misplaced_name(binder, by_failure[failure][0].culprit, failure)
    if "name" in by_failure and len(by_failure["name"]) == len(candidates):
        token: Any = by_failure["name"][0].culprit
        label = binder.suggestion(token.text, [p.name for c in candidates for p in c.method.parameters])
        return binder.failure(token, "CS1739", f"{name} has no parameter named '{token.text}'", label=label)
    if len(candidates) == 1 and "missing" in by_failure:
        parameter: Any = by_failure["missing"][0].culprit
        message = f"{name} needs an argument for '{parameter.name}' ({shown(parameter.type)})"
        help = advice.for_outputs([candidates[0].method], len(arguments))
        return binder.failure(where, "CS7036", message, help=help)
    if "type arguments" in by_failure and len(by_failure["type arguments"]) == len(candidates):
        count = len(candidates[0].method.type_parameters)
        if not count:
            return binder.failure(where, "CS0308", f"{name} is not generic and can't have type arguments")
        return binder.failure(where, "CS0305", f"{name} takes {count} type argument(s)")
    message = f"no overload of {name} takes {len(arguments)} argument{'s' * (len(arguments) != 1)}"
    help = advice.for_outputs([c.method for c in candidates], len(arguments))
    return binder.failure(where, code, message, help=help or overloads_of(name, candidates))


def _not_inferred(binder: Binder, node: Node, where: Node | Token, name: str, arguments: Arguments) -> Bad:
    from apimpolicy.csharp.binding.lambdas import report_lambda_bodies

    if report_lambda_bodies(binder, arguments):
        return binder.bad(node)
    if isinstance(where, Token) and where.start == where.end:
        return _clause_without_type(binder, where, name, arguments)
    message = f"the type arguments of {name} can't be inferred from this call"
    plain = name.strip(chr(39))
    help = f"write them out: {plain}<…>(…)"
    if plain in _TAKE_LAMBDAS and not any(isinstance(a.expression, (UnboundLambda, MethodGroup)) for a in arguments):
        help = f"pass a lambda: {plain}(x => …)"
    return binder.failure(where, "CS0411", message, help=help)


_TAKE_LAMBDAS = frozenset(
    {
        *("OrderBy", "OrderByDescending", "ThenBy", "ThenByDescending", "Select", "SelectMany", "GroupBy"),
        *("ToDictionary", "ToLookup", "Min", "Max", "Sum", "Average"),
    }
)


_OF_SEVERAL = ("'GroupBy'", "'GroupJoin'", "'Join'", "'OrderBy", "'ThenBy")
"""Clauses that have, or may have, more than one expression: `orderby` with any of its methods."""


def _clause_without_type(binder: Binder, where: Token, name: str, arguments: Arguments) -> Bad:
    """Report a clause of a query whose types cannot be inferred; its method's name has no place in the text."""
    inner = arguments[0].expression
    if name == "'SelectMany'" and isinstance(inner, UnboundLambda):
        made = next((body.return_type for body in inner.bodies.values() if body.return_type is not None), None)
        if made is not None:
            message = f"'{shown(made)}' can't be queried: it is not a sequence (IEnumerable)"
            return binder.failure(arguments[0].syntax, "CS1943", message)
    message = f"the type of {name} cannot be worked out from this clause"
    if name in ("'Join'", "'GroupJoin'"):
        message = "the two keys of this join have different types"
    return binder.failure(where, "CS1941" if name.startswith(_OF_SEVERAL) else "CS1942", message)


def _misplaced_name(binder: Binder, token: Any, failure: str) -> Bad:
    """Report a named argument for a parameter that has one, or out of its place before one without a name."""
    if failure == "twice":
        return binder.failure(token, "CS1744", f"the parameter '{token.text}' is given more than once")
    message = f"the named argument '{token.text}' is out of position, but is followed by an unnamed argument"
    return binder.failure(token, "CS8323", message, help="name the arguments that follow")


def overloads_of(name: str, candidates: Candidates) -> str:
    """Return a hint on the intended method, or the available overloads if at most 4."""
    meant = advice.for_overload(candidates[0].method) if candidates else ""
    if meant:
        return meant
    parameters = [[p for p in c.method.parameters if p.mode != "this"] for c in candidates]
    modes = {"out": "out ", "ref": "ref "}
    lists = list(
        dict.fromkeys(", ".join(f"{modes.get(p.mode, '')}{shown(p.type)} {p.name}" for p in row) for row in parameters)
    )
    if not lists or len(lists) > 4:
        return ""
    return "available overloads: " + " or ".join(f"{name.strip(chr(39))}({text})" for text in lists)


def _bad_argument(binder: Binder, candidates: list[Candidate], arguments: Arguments, name: str) -> Bad:
    """Report CS1503 (or CS1620, CS1615 for ref and out) at every argument that the first candidate does not take.

    Like the compiler, which meets methods in the order of the metadata, as the surface has them. For a lambda, the
    first candidate is one with a delegate that has the lambda's number of parameters.
    """
    first = next((c for c in candidates if _may_take_lambdas(c, arguments)), candidates[0])
    wrong = [index for index, conversion in enumerate(first.conversions) if conversion is None]
    for index in wrong[1:]:
        _report_argument(binder, first, index, arguments, name)
    return _report_argument(binder, first, wrong[0] if wrong else 0, arguments, name)


def _may_take_lambdas(candidate: Candidate, arguments: Arguments) -> bool:
    for argument, parameter in zip(arguments, candidate.targets, strict=True):
        if isinstance(argument.expression, UnboundLambda):
            signature, names = lookup.delegate_signature(parameter.type), argument.expression.names
            if signature is None or (names is not None and len(names) != len(signature.parameters)):
                return False
    return True


def _report_argument(binder: Binder, candidate: Candidate, index: int, arguments: Arguments, name: str) -> Bad:
    argument, parameter = arguments[index], candidate.targets[index]
    expression, place = argument.expression, f"argument {index + 1} of {name}"
    wanted = parameter.mode if parameter.mode in ("ref", "out") else ""
    if argument.mode != wanted and argument.mode in ("ref", "out", ""):
        if wanted:
            message = f"{place} must be passed with '{wanted}'"
            return binder.failure(argument.syntax, "CS1620", message, help=f"write {wanted} before it")
        return binder.failure(argument.syntax, "CS1615", f"{place} must not be passed with '{argument.mode}'")
    is_group = isinstance(expression, MethodGroup) and lookup.delegate_signature(parameter.type) is not None
    if is_group or isinstance(expression, UnboundLambda):
        reported = len(binder.diagnostics)
        bad = binder.unconvertible(expression, parameter.type, argument.syntax)
        if len(binder.diagnostics) > reported:
            return bad
    message = f"{place} is {advice.operand_name(expression)}, but '{shown(parameter.type)}' is needed"
    return binder.failure(argument.syntax, "CS1503", message, help=_advice(candidate, expression, parameter))


def _advice(candidate: Candidate, expression: Expression, parameter: Parameter) -> str:
    if parameter.type is expression.type or expression.type is NULL:
        return ""
    if isinstance(expression, MethodGroup):
        return advice.call_of(expression)
    if candidate.method.name == "new" and expression.type is STRING and len(candidate.parameters) == 1:
        made = advice.from_text(candidate.method.container)
        if made:
            return f"{made}, without 'new'"
    is_typed = isinstance(expression.type, (NamedType, ArrayType)) and not isinstance(expression, nodes.OutVariable)
    if is_typed and expression.type is OBJECT and parameter.type is STRING:
        return "write .ToString(), or a cast if it is certainly a text: (string)"
    if is_typed and explicit_conversion(expression.type, parameter.type):
        return f"a cast may be missing: ({shown(parameter.type)})"
    json = candidate.method.declaring
    if candidate.method.name == "Parse" and advice.is_json(json.open_type) and str(expression.type) == BODY:
        return f"read the body as JSON instead of this call: .As<{json.simple_name}>()"
    if isinstance(expression, nodes.OutVariable):
        return f"declare the variable with the parameter's type: out {shown(parameter.type)} name"
    return advice.for_conversion(expression.type, parameter.type, expression)


def text_by_name(binder: Binder, receiver: Expression, name: Expression) -> Bad:
    """Report `text["name"]`: a text has characters by number."""
    message = "argument 1 of the index of 'string' is 'string', but 'int' is needed"
    help = "a text has no entries by name; for JSON write JObject.Parse(text)[…]"
    if isinstance(receiver, nodes.PropertyAccess) and receiver.property.name in LOOKED_UP_ELSEWHERE:
        written = str(name.constant) if name.is_constant else "name"
        help = (
            f"write {LOOKED_UP_ELSEWHERE[receiver.property.name].format(written)} in place of {receiver.property.name}"
        )
    return binder.failure(name.syntax, "CS1503", message, help=help)


def not_invocable(binder: Binder, where: Node | Token, name: str, type_: Type | None = None) -> Bad:
    from apimpolicy.csharp.binding import foreign_names

    message = f"'{name}' is not a method and cannot be called"
    is_indexed = type_ is not None and type_ is not STRING and bool(lookup.indexers(type_))
    known = foreign_names.MEMBERS.get(("string", name.lower())) if type_ is STRING else None
    if known is not None and known.endswith("."):
        return binder.failure(where, "CS1955", message, help=known[:-1])
    return binder.failure(where, "CS1955", message, help=f"write {name}[…]" if is_indexed else "remove the parentheses")


def no_extension(binder: Binder, node: Node, group: MethodGroup, candidates: Candidates, arguments: Arguments) -> Bad:
    """Report that neither an own method nor an extension method takes the receiver: CS1061, CS1929, or an argument."""
    receiver = group.receiver
    fitting = [c for c in candidates if c.failure != "receiver"]
    if receiver is None or isinstance(receiver, Bad) or receiver.type.has_error or depends_on_error(arguments):
        return binder.bad(node)
    if group.hides_value and not _takes_receiver(binder, receiver, candidates):
        if not group.type_arguments and any(map(_can_never_be_inferred, candidates)):
            # The compiler tries extension methods too, and infers their type arguments before it looks at the receiver.
            message = f"the type arguments of '{group.name}' can't be inferred from this call"
            help = "it is no method here: remove the parentheses"
            return binder.failure(name_token(group), "CS0411", message, help=help)
        return not_invocable(binder, name_token(group), group.name)
    bad_arguments = [c for c in fitting if c.failure == "argument"]
    unconvertible = [c for c in candidates if c.failure == "receiver" and c.conversions]
    if unconvertible and not bad_arguments:
        return _wrong_receiver(binder, receiver, group.name, unconvertible, arguments)
    if bad_arguments:
        everything = [Argument(receiver, receiver.syntax), *arguments]
        return _bad_argument(binder, bad_arguments, everything, f"'{group.name}'")
    if any(c.failure == "inference" for c in fitting) or _takes_receiver(binder, receiver, fitting):
        return no_overload(binder, node, group, fitting, arguments)
    return no_member(binder, receiver, name_token(group), group.name, is_called=True)


def _can_never_be_inferred(candidate: Candidate) -> bool:
    """Return whether a method has a type parameter that no parameter mentions."""
    written = " ".join(str(parameter.type) for parameter in candidate.method.parameters)
    return any(not re.search(rf"\b{parameter.name}\b", written) for parameter in candidate.method.type_parameters)


def no_member(binder: Binder, receiver: Expression, where: Node | Token, name: str, *, is_called: bool) -> Bad:
    """Report CS1061, or a clause of a query that its source has no method for: its name has no place in the text."""
    if where.start == where.end:
        return _no_query(binder, receiver, name)
    from apimpolicy.csharp.binding import suggestions  # most members exist

    label, help = suggestions.for_member(binder, receiver, name, is_called=is_called)
    message = f"'{shown(receiver.type)}' has no member '{name}'"
    return binder.failure(where, "CS1061", message, label=label, help=help)


def _wrong_receiver(
    binder: Binder, receiver: Expression, name: str, candidates: list[Candidate], arguments: Arguments
) -> Bad:
    """Report an extension method of this name for values of another type (CS1929)."""
    arity = [c for c in candidates if len(c.method.parameters) == len(arguments) + 1]
    wanted = (arity or candidates)[0].parameters[0].type
    help = advice.for_receiver(receiver.type, name, arguments)
    help = help or f"the extension method of that name is for '{shown(wanted)}'"
    message = f"'{shown(receiver.type)}' has no member '{name}' that fits this call"
    return binder.failure(receiver.syntax, "CS1929", message, help=help)


def _takes_receiver(binder: Binder, receiver: Expression, candidates: Candidates) -> bool:
    return any(takes_receiver(candidate.method, receiver, binder) for candidate in candidates)


def bad_delegate_call(
    binder: Binder, node: Node, target: Expression, candidate: Candidate, arguments: Arguments
) -> Bad:
    """Report a delegate called with wrong arguments: CS1593 for their number, CS1503 for a type."""
    if depends_on_error(arguments):
        return binder.bad(node)
    name, culprit, count = f"'{shown(target.type)}'", candidate.culprit, len(arguments)
    if candidate.failure == "argument":
        return _bad_argument(binder, [candidate], arguments, name)
    if candidate.failure == "name" and isinstance(culprit, Token):
        return binder.failure(culprit, "CS1746", f"the delegate {name} has no parameter named '{culprit.text}'")
    if candidate.failure in ("twice", "position"):
        return _misplaced_name(binder, culprit, candidate.failure)
    if candidate.failure == "missing":
        parameter: Any = culprit
        return binder.failure(node, "CS7036", f"the delegate needs an argument for '{parameter.name}'")
    message = f"the delegate {name} does not take {count} argument{'s' * (count != 1)}"
    return binder.failure(node, "CS1593", message)


def no_indexer(binder: Binder, node: Node, type_: Type, found: Resolution, arguments: Arguments) -> Bad:
    """Report `[…]` with arguments that no indexer takes."""
    if depends_on_error(arguments):
        return binder.bad(node)
    bad = [c for c in found.candidates if c.failure == "argument"]
    if bad:
        return _bad_argument(binder, bad, arguments, f"the index of '{shown(type_)}'")
    return binder.failure(node, "CS1501", f"'{shown(type_)}' has no indexer that takes {len(arguments)} argument(s)")


def _no_query(binder: Binder, receiver: Expression, name: str) -> Bad:
    """Report that the source of a query has no method for one of its clauses (section 12.20.3)."""
    is_sequence = lookup.implements(receiver.type, "System.Collections.IEnumerable")
    message = f"'{shown(receiver.type)}' can't be queried: it has no method '{name}'"
    help = "write the type of the range variable, as in: from string x in …" if is_sequence else ""
    return binder.failure(receiver.syntax, "CS1934" if is_sequence else "CS1936", message, help=help)
