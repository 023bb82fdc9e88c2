"""Turns a failed overload resolution into the error that the C# compiler would report, in our words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import advice, lookup
from apimpolicy.binding.conversions import explicit_conversion
from apimpolicy.binding.inference import takes_receiver
from apimpolicy.binding.lookup import delegate_signature
from apimpolicy.binding.nodes import Bad, MethodGroup, OutVariable
from apimpolicy.binding.overloads import Argument as Arg
from apimpolicy.binding.overloads import Resolution as Res
from apimpolicy.binding.reports import name_token
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.unbound import UnboundLambda
from apimpolicy.dotnet.types import NULL, ArrayType, NamedType, Type
from apimpolicy.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.binding.constraints import Violation
    from apimpolicy.binding.core import Binder
    from apimpolicy.binding.nodes import Expression
    from apimpolicy.binding.overloads import Argument, Candidate, Resolution
    from apimpolicy.dotnet.signatures import Parameter


def depends_on_error(arguments: Sequence[Argument]) -> bool:
    """Whether something about an argument is reported already, or unknown: perhaps a part of its type, `List<?>`.

    The call has failed either way, so that its out variables get no type, and wait for none.
    """
    expressions = [argument.expression for argument in arguments]
    for expression in expressions:
        if isinstance(expression, OutVariable) and expression.symbol is not None:
            expression.symbol.awaits_type = False
    return any(isinstance(e, Bad) or (e.type.has_error and not isinstance(e, OutVariable)) for e in expressions)


def ambiguous_call(
    binder: Binder, node: Node, group: MethodGroup, found: Resolution, arguments: Sequence[Argument]
) -> Bad:
    if depends_on_error(arguments):
        return binder.bad(node)
    first, second = found.ambiguous or (found.candidates[0], found.candidates[-1])
    return binder.failure(
        name_token(group),
        "CS0121",
        f"the call is ambiguous between '{group.name}({_parameters(first)})' and '{group.name}({_parameters(second)})'",
        help="cast an argument to choose one of them",
    )


def _parameters(candidate: Candidate) -> str:
    return ", ".join(f"{p.mode + ' ' if p.mode else ''}{shown(p.type)}" for p in candidate.method.parameters)


def no_overload(
    binder: Binder, node: Node, group: MethodGroup, found: Resolution, arguments: Sequence[Argument]
) -> Bad:
    """The call of a method group failed: CS1503, CS0411, CS7036, CS1739, CS1501 or CS0305."""
    return _complain(binder, node, name_token(group), f"'{group.name}'", found, arguments)


def _complain(
    binder: Binder,
    node: Node,
    where: Node | Token,
    name: str,
    found: Resolution,
    arguments: Sequence[Argument],
    *,
    constructor: bool = False,
) -> Bad:
    if depends_on_error(arguments):
        return binder.bad(node)
    candidates = found.candidates
    by_failure: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_failure.setdefault(candidate.failure, []).append(candidate)
    for candidate in by_failure.get("constraint", ()):
        broken = candidate.violation
        if broken is not None:
            return _broken_constraint(binder, where, name, broken)
    if "argument" in by_failure:
        return _bad_argument(binder, by_failure["argument"], arguments, name)
    if "inference" in by_failure:
        from apimpolicy.binding.lambdas import report_lambda_bodies

        if report_lambda_bodies(binder, arguments):
            return binder.bad(node)
        if isinstance(where, Token) and where.start == where.end:
            return _clause_without_type(binder, where, name, arguments)
        return binder.failure(
            where,
            "CS0411",
            f"the type arguments of {name} can't be inferred from this call",
            help=f"write them out: {name.strip(chr(39))}<…>(…)",
        )
    for failure in ("twice", "position"):
        if failure in by_failure:
            return _misplaced_name(binder, by_failure[failure][0].culprit, failure)
    if "name" in by_failure and len(by_failure["name"]) == len(candidates):
        token = by_failure["name"][0].culprit
        if isinstance(token, Token):
            names = [p.name for c in candidates for p in c.method.parameters]
            return binder.failure(
                token,
                "CS1739",
                f"{name} has no parameter named '{token.text}'",
                label=binder.suggestion(token.text, names),
            )
    if len(candidates) == 1 and "missing" in by_failure:
        parameter: Any = by_failure["missing"][0].culprit
        return binder.failure(
            where, "CS7036", f"{name} needs an argument for '{parameter.name}' ({shown(parameter.type)})"
        )
    if "type arguments" in by_failure and len(by_failure["type arguments"]) == len(candidates):
        method = candidates[0].method
        if not method.type_parameters:
            return binder.failure(where, "CS0308", f"{name} is not generic and can't have type arguments")
        return binder.failure(where, "CS0305", f"{name} takes {len(method.type_parameters)} type argument(s)")
    count = len(arguments)
    code = "CS1729" if constructor else "CS1501"
    return binder.failure(
        where,
        code,
        f"no overload of {name} takes {count} argument{'s' * (count != 1)}",
        help=_choices(name, candidates),
    )


_OF_SEVERAL = ("'GroupBy'", "'GroupJoin'", "'Join'", "'OrderBy", "'ThenBy")
"""Clauses that have, or may have, more than one expression: `orderby` with any of its methods."""


def _clause_without_type(binder: Binder, where: Token, name: str, arguments: Sequence[Argument]) -> Bad:
    """Return a clause of a query whose types cannot be inferred; its method has a name without a place of its own."""
    inner = arguments[0].expression
    if name == "'SelectMany'" and isinstance(inner, UnboundLambda):
        made = next((body.return_type for body in inner.bodies.values() if body.return_type is not None), None)
        if made is not None:
            message = f"'{shown(made)}' can't be queried: it is not a sequence (IEnumerable)"
            return binder.failure(arguments[0].syntax, "CS1943", message)
    return binder.failure(where, "CS1941" if name.startswith(_OF_SEVERAL) else "CS1942", _no_query_type(name))


def _no_query_type(name: str) -> str:
    if name in ("'Join'", "'GroupJoin'"):
        return "the two keys of this join have different types"
    return f"the type of {name} cannot be worked out from this clause"


def _misplaced_name(binder: Binder, token: Any, failure: str) -> Bad:
    """Return a named argument for a parameter that has one, or out of its place before one without a name."""
    if failure == "twice":
        return binder.failure(token, "CS1744", f"the parameter '{token.text}' is given more than once")
    return binder.failure(
        token,
        "CS8323",
        f"the named argument '{token.text}' is out of position, but is followed by an unnamed argument",
        help="name the arguments that follow",
    )


def _broken_constraint(binder: Binder, where: Node | Token, name: str, broken: Violation) -> Bad:
    return binder.failure(
        where, broken.code, f"the type argument '{shown(broken.argument)}' of {name} must be {broken.wanted}"
    )


def _choices(name: str, candidates: Sequence[Candidate]) -> str:
    """Return what is meant by the call, or the signatures that exist, when there are few."""
    meant = advice.for_overload(candidates[0].method) if candidates else ""
    if meant:
        return meant
    bare = name.strip("'")
    lists = list(
        dict.fromkeys(
            ", ".join(f"{shown(p.type)} {p.name}" for p in c.method.parameters if p.mode != "this") for c in candidates
        )
    )
    if not lists or len(lists) > 4:
        return ""
    return "available overloads: " + " or ".join(f"{bare}({text})" for text in lists)


def _bad_argument(binder: Binder, candidates: list[Candidate], arguments: Sequence[Argument], name: str) -> Bad:
    """CS1503 (or CS1620, CS1615 for ref and out) at every argument that the first candidate does not take.

    Like the compiler, which meets methods in the order of the metadata, as the surface has them. A lambda speaks of a
    delegate that it has the parameters for, if a candidate has one.
    """
    first = next((c for c in candidates if _may_take_lambdas(c, arguments)), candidates[0])
    wrong = [index for index, conversion in enumerate(first.conversions) if conversion is None]
    for index in wrong[1:]:
        _report_argument(binder, first, index, arguments, name)
    return _report_argument(binder, first, wrong[0] if wrong else 0, arguments, name)


def _may_take_lambdas(candidate: Candidate, arguments: Sequence[Argument]) -> bool:
    for argument, parameter in zip(arguments, candidate.targets, strict=True):
        if isinstance(argument.expression, UnboundLambda):
            signature, names = delegate_signature(parameter.type), argument.expression.names
            if signature is None or (names is not None and len(names) != len(signature.parameters)):
                return False
    return True


def _report_argument(binder: Binder, candidate: Candidate, index: int, arguments: Sequence[Argument], name: str) -> Bad:
    argument, parameter = arguments[index], candidate.targets[index]
    expression = argument.expression
    wanted = parameter.mode if parameter.mode in ("ref", "out") else ""
    if argument.mode != wanted and argument.mode in ("ref", "out", ""):
        if wanted:
            return binder.failure(
                argument.syntax, "CS1620", f"argument {index + 1} of {name} must be passed with '{wanted}'"
            )
        return binder.failure(
            argument.syntax, "CS1615", f"argument {index + 1} of {name} must not be passed with '{argument.mode}'"
        )
    is_lambda = isinstance(expression, UnboundLambda)
    if is_lambda or (isinstance(expression, MethodGroup) and delegate_signature(parameter.type) is not None):
        reported = len(binder.diagnostics)
        bad = binder.unconvertible(expression, parameter.type, argument.syntax)
        if len(binder.diagnostics) > reported:
            return bad
    return binder.failure(
        argument.syntax,
        "CS1503",
        f"argument {index + 1} of {name} is {advice.operand_name(expression)}, but '{shown(parameter.type)}' is needed",
        help=_advice(candidate, expression, parameter),
    )


def _advice(candidate: Candidate, expression: Expression, parameter: Parameter) -> str:
    if parameter.type is expression.type or expression.type is NULL:
        return ""
    if isinstance(expression, MethodGroup):
        return advice.call_of(expression)
    is_typed = isinstance(expression.type, (NamedType, ArrayType)) and not isinstance(expression, OutVariable)
    if is_typed and explicit_conversion(expression.type, parameter.type):
        return f"a cast may be missing: ({shown(parameter.type)})"
    json = candidate.method.declaring
    if candidate.method.name == "Parse" and advice.is_json(json.open_type) and str(expression.type) == "IMessageBody":
        return f"read the body as JSON instead of this call: .As<{json.simple_name}>()"
    if isinstance(expression, OutVariable):
        return f"declare the variable with the parameter's type: out {shown(parameter.type)} name"
    return advice.for_conversion(expression.type, parameter.type, expression)


def not_invocable(binder: Binder, where: Node | Token, name: str, type_: Type | None = None) -> Bad:
    message = f"'{name}' is not a method and cannot be called"
    is_indexed = type_ is not None and bool(lookup.indexers(type_))
    return binder.failure(where, "CS1955", message, help=f"write {name}[…]" if is_indexed else "remove the parentheses")


def no_extension(
    binder: Binder, node: Node, group: MethodGroup, found: Resolution, arguments: Sequence[Argument]
) -> Bad:
    """Neither an own method nor an extension method that takes the receiver: CS1061, CS1929, or about arguments."""
    receiver = group.receiver
    fitting = [c for c in found.candidates if c.failure != "receiver"]
    receiver_failures = [c for c in found.candidates if c.failure == "receiver"]
    if receiver is None or isinstance(receiver, Bad) or receiver.type.has_error or depends_on_error(arguments):
        return binder.bad(node)
    if group.hides_value and not _receiver_fits(binder, receiver, found.candidates):
        return not_invocable(binder, name_token(group), group.name)
    unconvertible = [c for c in receiver_failures if c.conversions]
    if unconvertible and not any(c.failure == "argument" for c in fitting):
        return _wrong_receiver(binder, receiver, group.name, unconvertible, arguments)
    if fitting and any(c.failure in ("argument", "inference") for c in fitting):
        return _complain_extension(binder, node, group, fitting, found, arguments)
    if not _receiver_fits(binder, receiver, fitting):
        where = name_token(group)
        if where.start == where.end:
            return no_query(binder, receiver, group.name)
        from apimpolicy.binding import suggestions

        label, help = suggestions.for_member(binder, receiver, group.name, is_called=True)
        message = f"'{shown(receiver.type)}' has no member '{group.name}'"
        return binder.failure(name_token(group), "CS1061", message, label=label, help=help)
    return _complain_extension(binder, node, group, fitting, found, arguments)


def _wrong_receiver(
    binder: Binder, receiver: Expression, name: str, candidates: list[Candidate], arguments: Sequence[Argument]
) -> Bad:
    """CS1929: there is an extension method of this name, for values of another type."""
    arity = [c for c in candidates if len(c.method.parameters) == len(arguments) + 1]
    best = (arity or candidates)[0]
    return binder.failure(
        receiver.syntax,
        "CS1929",
        f"'{shown(receiver.type)}' has no member '{name}' that fits this call",
        help=advice.for_receiver(receiver.type, name, arguments)
        or f"the extension method of that name is for '{shown(best.parameters[0].type)}'",
    )


def _receiver_fits(binder: Binder, receiver: Expression, candidates: Sequence[Candidate]) -> bool:
    return any(takes_receiver(candidate.method, receiver, binder) for candidate in candidates)


def _complain_extension(
    binder: Binder,
    node: Node,
    group: MethodGroup,
    candidates: Sequence[Candidate],
    found: Resolution,
    arguments: Sequence[Argument],
) -> Bad:
    receiver = group.receiver
    if receiver is None:
        return binder.bad(node)
    everything = [Arg(receiver, receiver.syntax), *arguments]
    bad_arguments = [c for c in candidates if c.failure == "argument"]
    if bad_arguments:
        return _bad_argument(binder, bad_arguments, everything, f"'{group.name}'")
    return _complain(binder, node, name_token(group), f"'{group.name}'", Res(None, list(candidates)), arguments)


def bad_delegate_call(
    binder: Binder, node: Node, target: Expression, found: Resolution, arguments: Sequence[Argument]
) -> Bad:
    """Return a delegate called with the wrong arguments: CS1593 for their number, CS1503 for a type."""
    if depends_on_error(arguments):
        return binder.bad(node)
    candidate = found.candidates[0]
    name = f"'{shown(target.type)}'"
    if candidate.failure == "argument":
        return _bad_argument(binder, [candidate], arguments, name)
    if candidate.failure == "name" and isinstance(candidate.culprit, Token):
        token = candidate.culprit
        return binder.failure(token, "CS1746", f"the delegate {name} has no parameter named '{token.text}'")
    if candidate.failure in ("twice", "position"):
        return _misplaced_name(binder, candidate.culprit, candidate.failure)
    if candidate.failure == "missing":
        parameter: Any = candidate.culprit
        return binder.failure(node, "CS7036", f"the delegate needs an argument for '{parameter.name}'")
    return binder.failure(
        node, "CS1593", f"the delegate {name} does not take {len(arguments)} argument{'s' * (len(arguments) != 1)}"
    )


def no_indexer(binder: Binder, node: Node, type_: Type, found: Resolution, arguments: Sequence[Argument]) -> Bad:
    """`[…]` with arguments that no indexer takes."""
    if depends_on_error(arguments):
        return binder.bad(node)
    bad = [c for c in found.candidates if c.failure == "argument"]
    if bad:
        return _bad_argument(binder, bad, arguments, f"the index of '{shown(type_)}'")
    return binder.failure(node, "CS1501", f"'{shown(type_)}' has no indexer that takes {len(arguments)} argument(s)")


def no_constructor(
    binder: Binder, node: Node, where: Node | Token, type_: Type, found: Resolution, arguments: Sequence[Argument]
) -> Bad:
    """`new T(…)` with arguments that no constructor takes."""
    return _complain(binder, node, where, f"'{shown(type_)}'", found, arguments, constructor=True)


def no_query(binder: Binder, receiver: Expression, name: str) -> Bad:
    """The source of a query has no method for one of its clauses (section 12.20.3)."""
    type_ = receiver.type
    is_sequence = any(parent.name == "System.Collections.IEnumerable" for parent in lookup.supertypes(type_))
    return binder.failure(
        receiver.syntax,
        "CS1934" if is_sequence else "CS1936",
        f"'{shown(type_)}' can't be queried: it has no method '{name}'",
        help="write the type of the range variable, as in: from string x in …" if is_sequence else "",
    )
