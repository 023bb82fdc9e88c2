"""Overload resolution (C# specification, section 12.6.4): which of several methods a call means.

`resolve` never reports: it returns a Resolution that names the best method with the arguments in parameter order, or
says why there is none in terms that `binding.call_errors` turns into the compiler's errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apimpolicy.csharp.binding.constraints import Violation, violation
from apimpolicy.csharp.binding.conversions import better_target
from apimpolicy.csharp.binding.inference import Inference
from apimpolicy.csharp.binding.literals import UnboundLambda
from apimpolicy.csharp.binding.lookup import delegate_signature
from apimpolicy.csharp.binding.nodes import Expression, OutVariable
from apimpolicy.csharp.binding.type_relations import IDENTITY, Conversion, same
from apimpolicy.csharp.dotnet.signatures import Method, Parameter
from apimpolicy.csharp.dotnet.types import ERROR, ArrayType, NamedType, Type, TypeParameter
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.core import Binder
    from apimpolicy.csharp.syntax.nodes import Node, Token


class Argument(Record):
    """One argument as written: `mode` is empty, `ref`, `out` or `in`; `name` for `name: value`."""

    expression: Expression
    syntax: Node | Token
    mode: str = ""
    name: Token | None = None


class Candidate:
    """One method in one form (normal or with its params array expanded) held against the arguments.

    `targets[i]` is the parameter that argument i goes to. `failure` is empty when the candidate is applicable, else
    `too many`, `missing`, `name`, `twice`, `position`, `inference`, `argument`, `type arguments`, `constraint` or
    `receiver`.
    """

    __slots__ = (
        "conversions", "culprit", "failure", "is_expanded", "method", "parameters", "targets", "type_arguments",
        "violation",
    )  # fmt: skip

    def __init__(self, method: Method, is_expanded: bool) -> None:
        self.method = method
        self.is_expanded = is_expanded
        self.parameters: tuple[Parameter, ...] = method.parameters
        self.targets: list[Parameter] = []
        self.conversions: list[Conversion | None] = []
        self.type_arguments: tuple[Type, ...] = ()
        self.failure = ""
        self.violation: Violation | None = None
        self.culprit: int | Parameter | Token | None = None

    @property
    def defaults_used(self) -> int:
        used = {id(parameter) for parameter in self.targets}
        return sum(1 for parameter in self.parameters if id(parameter) not in used and parameter.mode != "params")

    def returns(self) -> Type:
        if not self.type_arguments:
            return self.method.returns
        return self.method.returns.substitute(dict(zip(self.method.type_parameters, self.type_arguments, strict=True)))


class Resolution(Record):
    """`best` when one candidate wins; `ambiguous` when two are equally good; `candidates` for call_errors."""

    best: Candidate | None
    candidates: Sequence[Candidate]
    ambiguous: tuple[Candidate, Candidate] | None = None


def resolve(
    methods: Sequence[Method],
    arguments: Sequence[Argument],
    type_arguments: tuple[Type, ...],
    binder: Binder,
    *,
    is_extension_call: bool = False,
) -> Resolution:
    """Find the best of `methods` for these arguments (the receiver included, for an extension call)."""
    fitting = [method for method in methods if _takes(method, arguments)]
    found = _resolve(fitting, arguments, type_arguments, binder, is_extension_call)
    if found.best is None and found.ambiguous is None and len(fitting) < len(methods):
        return _resolve(methods, arguments, type_arguments, binder, is_extension_call)  # for the report
    return found


def _takes(method: Method, arguments: Sequence[Argument]) -> bool:
    """Return whether a method may take so many arguments; the names of arguments are not looked at."""
    parameters, count = method.parameters, len(arguments)
    if count == len(parameters) or (parameters and parameters[-1].mode == "params"):
        return True
    if count > len(parameters):
        return False
    return parameters[count].has_default or any(argument.name is not None for argument in arguments)


def _resolve(
    methods: Sequence[Method],
    arguments: Sequence[Argument],
    type_arguments: tuple[Type, ...],
    binder: Binder,
    is_extension_call: bool,
) -> Resolution:
    candidates: list[Candidate] = []
    applicable: list[Candidate] = []
    for method in methods:
        normal = _examine(Candidate(method, False), arguments, type_arguments, binder, is_extension_call)
        chosen = normal
        if normal.failure and method.parameters and method.parameters[-1].mode == "params":
            expanded = _examine(Candidate(method, True), arguments, type_arguments, binder, is_extension_call)
            if not expanded.failure or normal.failure in ("too many", "missing") or expanded.failure == "argument":
                chosen = expanded
        candidates.append(chosen)
        if not chosen.failure:
            applicable.append(chosen)
    if not applicable:
        return Resolution(None, candidates)
    if len(applicable) == 1:
        return Resolution(applicable[0], candidates)
    pool = _without_less_derived(applicable)
    winners = [c for c in pool if all(o is c or _is_better(c, o, arguments, binder) for o in pool)]
    if len(winners) == 1:
        return Resolution(winners[0], candidates)
    best = [c for c in pool if not any(o is not c and _is_better(o, c, arguments, binder) for o in pool)]
    pair = best if len(best) > 1 else pool
    return Resolution(None, candidates, (pair[0], pair[1]))


def _without_less_derived(candidates: list[Candidate]) -> list[Candidate]:
    """A method of a base type is no candidate when one of a more derived type applies (section 12.8.9.2)."""
    containers = [c.method.container for c in candidates]
    if all(container is containers[0] for container in containers):
        return candidates
    kept = []
    for candidate in candidates:
        own = candidate.method.container
        hidden = any(
            other is not own and not candidate.method.is_static and own in other.supertypes[1:] for other in containers
        )
        if not hidden:
            kept.append(candidate)
    return kept


def _examine(
    candidate: Candidate,
    arguments: Sequence[Argument],
    type_arguments: tuple[Type, ...],
    binder: Binder,
    is_extension_call: bool,
) -> Candidate:
    method = candidate.method
    parameters = method.parameters
    if candidate.is_expanded:
        parameters = _expand(parameters, len(arguments))
    if not _match(candidate, parameters, arguments):
        return candidate
    if method.type_parameters:
        if type_arguments:
            if len(type_arguments) != len(method.type_parameters):
                candidate.failure = "type arguments"
                return candidate
            inferred: tuple[Type, ...] | None = type_arguments
        else:
            pairs = [(a.expression, p.type, a.mode) for a, p in zip(arguments, candidate.targets, strict=True)]
            inferred = Inference(method.type_parameters, pairs, binder).run()
        if inferred is None:
            candidate.failure = "inference"
            if is_extension_call and _receiver_cannot_fit(candidate, arguments, binder):
                candidate.failure = "receiver"
            return candidate
        candidate.type_arguments = inferred
        mapping = dict(zip(method.type_parameters, inferred, strict=True))
        order = {id(p): i for i, p in enumerate(parameters)}
        parameters = tuple(p.substitute(mapping) for p in parameters)
        candidate.targets = [parameters[order[id(p)]] for p in candidate.targets]
    elif type_arguments:
        candidate.failure = "type arguments"
        return candidate
    candidate.parameters = parameters
    for index, (argument, parameter) in enumerate(zip(arguments, candidate.targets, strict=True)):
        conversion = _argument_conversion(argument, parameter, binder)
        if conversion is not None and index == 0 and is_extension_call and not _fits_receiver(conversion):
            conversion = None
        candidate.conversions.append(conversion)
        if conversion is None and not candidate.failure:
            candidate.failure = "receiver" if index == 0 and is_extension_call else "argument"
            candidate.culprit = index
    if not candidate.failure and candidate.type_arguments:
        candidate.violation = violation(method.type_parameters, candidate.type_arguments)
        if candidate.violation is not None:
            candidate.failure = "constraint"
    return candidate


def _receiver_cannot_fit(candidate: Candidate, arguments: Sequence[Argument], binder: Binder) -> bool:
    """Return whether the receiver alone already rules the extension method out, whatever the type arguments are."""
    method = candidate.method
    own = [p for p in method.type_parameters if method.parameters[0].type.mentions([p])]
    if not own:
        return binder.classify(arguments[0].expression, method.parameters[0].type) is None
    pairs = [(arguments[0].expression, method.parameters[0].type, "")]
    return Inference(own, pairs, binder).run() is None


def _fits_receiver(conversion: Conversion) -> bool:
    return conversion.kind in ("identity", "reference", "boxing")


def _argument_conversion(argument: Argument, parameter: Parameter, binder: Binder) -> Conversion | None:
    wanted = parameter.mode if parameter.mode in ("ref", "out") else ""
    if (argument.mode if argument.mode != "in" else "") != wanted:
        return None
    if wanted:
        if isinstance(argument.expression, OutVariable) and argument.expression.type is ERROR:
            return IDENTITY
        return IDENTITY if same(argument.expression.type, parameter.type) else None
    return binder.classify(argument.expression, parameter.type)


def _expand(parameters: tuple[Parameter, ...], count: int) -> tuple[Parameter, ...]:
    """Return the expanded form (section 12.6.4.2): one parameter of the element type per argument."""
    last = parameters[-1]
    element = last.type.element if isinstance(last.type, ArrayType) else last.type
    fixed = parameters[:-1]
    extra = max(count - len(fixed), 0)
    return (*fixed, *(Parameter(last.name, element, "expanded") for _ in range(extra)))


def _match(candidate: Candidate, parameters: tuple[Parameter, ...], arguments: Sequence[Argument]) -> bool:
    """Corresponding parameters (section 12.6.2.2); sets `targets`, or the failure."""
    targets: list[Parameter] = []
    elsewhere: Token | None = None
    for position, argument in enumerate(arguments):
        if argument.name is None:
            if elsewhere is not None:
                candidate.failure, candidate.culprit = "position", elsewhere
                return False
            if position >= len(parameters):
                candidate.failure, candidate.culprit = "too many", len(parameters)
                return False
            targets.append(parameters[position])
            continue
        name = argument.name.text.lstrip("@")
        named = next((p for p in parameters if p.name == name), None)
        if named is None or any(t is named for t in targets):
            candidate.failure = "name" if named is None else "twice"
            candidate.culprit = argument.name
            return False
        if position >= len(parameters) or named is not parameters[position]:
            elsewhere = elsewhere or argument.name
        targets.append(named)
    if len(targets) < len(parameters):
        targeted = {id(target) for target in targets}
        for parameter in parameters:
            if id(parameter) not in targeted and not parameter.has_default:
                candidate.failure = "missing"
                candidate.culprit = parameter
                return False
    candidate.targets = targets
    return True


def _is_better(mine: Candidate, other: Candidate, arguments: Sequence[Argument], binder: Binder) -> bool:
    """Better function member (section 12.6.4.3)."""
    one_better = False
    for argument, first, second in zip(arguments, mine.targets, other.targets, strict=True):
        result = better_conversion(argument.expression, first.type, second.type, binder)
        if result < 0:
            return False
        one_better = one_better or result > 0
    if one_better:
        return True
    if not all(same(a.type, b.type) for a, b in zip(mine.targets, other.targets, strict=True)):
        return mine.defaults_used == 0 and other.defaults_used > 0
    return _tie_break(mine, other)


def _tie_break(mine: Candidate, other: Candidate) -> bool:
    """Return whether a candidate beats another with equal parameter types.

    It does when it is not generic, not expanded, has fewer defaults or is more specific, in this order (C# 7,
    "Better function member").
    """
    if bool(mine.type_arguments) != bool(other.type_arguments):
        return not mine.type_arguments
    if mine.is_expanded != other.is_expanded:
        return not mine.is_expanded
    if mine.is_expanded and len(mine.method.parameters) != len(other.method.parameters):
        return len(mine.method.parameters) > len(other.method.parameters)
    if (mine.defaults_used == 0) != (other.defaults_used == 0):
        return mine.defaults_used == 0
    first = [p.type for p in mine.method.parameters]
    second = [p.type for p in other.method.parameters]
    if len(first) == len(second):
        specific = [_more_specific(a, b) for a, b in zip(first, second, strict=True)]
        return all(s >= 0 for s in specific) and any(s > 0 for s in specific)
    return False


def _more_specific(first: Type, second: Type) -> int:
    """1 when the first uninstantiated parameter type is more specific, -1 when less, else 0."""
    if isinstance(first, TypeParameter) or isinstance(second, TypeParameter):
        return isinstance(second, TypeParameter) - isinstance(first, TypeParameter)
    if isinstance(first, ArrayType) and isinstance(second, ArrayType):
        return _more_specific(first.element, second.element)
    if isinstance(first, NamedType) and isinstance(second, NamedType) and len(first.arguments) == len(second.arguments):
        parts = [_more_specific(a, b) for a, b in zip(first.arguments, second.arguments, strict=True)]
        if any(p > 0 for p in parts) and all(p >= 0 for p in parts):
            return 1
        if any(p < 0 for p in parts) and all(p <= 0 for p in parts):
            return -1
    return 0


def better_conversion(expression: Expression, first: Type, second: Type, binder: Binder) -> int:
    """Better conversion from expression (section 12.6.4.5)."""
    if same(first, second):
        return 0
    exactly_first = _exactly_matches(expression, first, binder)
    exactly_second = _exactly_matches(expression, second, binder)
    if exactly_first != exactly_second:
        return 1 if exactly_first else -1
    if isinstance(expression, UnboundLambda):
        return _better_delegate(expression, first, second, binder)
    return better_target(first, second)


def _exactly_matches(expression: Expression, target: Type, binder: Binder) -> bool:
    if isinstance(expression, UnboundLambda):
        signature = delegate_signature(target)
        if signature is None:
            return False
        types = tuple(p.type for p in signature.parameters)
        returns = binder.return_type_of(expression, types)
        return returns is not None and same(returns, signature.returns)
    return same(expression.type, target)


def _better_delegate(expression: UnboundLambda, first: Type, second: Type, binder: Binder) -> int:
    one, two = delegate_signature(first), delegate_signature(second)
    if one is None or two is None or len(one.parameters) != len(two.parameters):
        return 0
    if not all(same(a.type, b.type) for a, b in zip(one.parameters, two.parameters, strict=True)):
        return better_target(first, second)
    if str(one.returns) == "void" or str(two.returns) == "void":
        return (str(two.returns) == "void") - (str(one.returns) == "void")
    returns = binder.return_type_of(expression, tuple(p.type for p in one.parameters))
    if returns is not None:
        if same(returns, one.returns):
            return 1
        if same(returns, two.returns):
            return -1
    return better_target(one.returns, two.returns)
