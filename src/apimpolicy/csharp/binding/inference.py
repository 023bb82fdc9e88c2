"""Type inference of generic methods (C# specification, section 12.6.3), under the specification's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apimpolicy.csharp.binding.conversions import implicit_conversion
from apimpolicy.csharp.binding.literals import UnboundLambda
from apimpolicy.csharp.binding.lookup import delegate_signature, supertypes
from apimpolicy.csharp.binding.nodes import Expression, MethodGroup, TupleCreation
from apimpolicy.csharp.binding.type_relations import is_reference, merged, same
from apimpolicy.csharp.dotnet.types import (
    ERROR,
    NULL,
    ArrayType,
    NamedType,
    SpecialType,
    TupleType,
    Type,
    TypeParameter,
)
from apimpolicy.csharp.dotnet.values import VOID

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.core import Binder
    from apimpolicy.csharp.dotnet.signatures import Method


class _Bounds:
    __slots__ = ("exact", "fixed", "lower", "upper")

    def __init__(self) -> None:
        self.exact: list[Type] = []
        self.lower: list[Type] = []
        self.upper: list[Type] = []
        self.fixed: Type | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.exact or self.lower or self.upper)


class Inference:
    """One attempt to find the type arguments of a generic method for one call."""

    def __init__(
        self, parameters: Sequence[TypeParameter], pairs: Sequence[tuple[Expression, Type, str]], binder: Binder
    ) -> None:
        self.parameters = parameters
        self.pairs = pairs
        self.binder = binder
        self.bounds = {parameter: _Bounds() for parameter in parameters}

    def run(self) -> tuple[Type, ...] | None:
        """Return the type arguments, or None when inference fails (CS0411)."""
        self._first_phase()
        while True:
            unfixed = [p for p in self.parameters if self.bounds[p].fixed is None]
            if not unfixed:
                return tuple(self.bounds[p].fixed or ERROR for p in self.parameters)
            progressed = self._output_inferences(unfixed)
            free = [p for p in unfixed if not any(self._depends(p, q, unfixed) for q in unfixed)]
            if not free:
                free = [
                    p
                    for p in unfixed
                    if not self.bounds[p].is_empty and any(self._depends(q, p, unfixed) for q in unfixed)
                ]
            ready = [p for p in free if not self.bounds[p].is_empty]
            if not ready and not progressed:
                return None
            for parameter in ready:
                if not self._fix(parameter):
                    return None
            if len(ready) < len(free) and not progressed and not ready:
                return None

    def _fixed_types(self) -> dict[TypeParameter, Type]:
        return {p: fixed for p in self.parameters if (fixed := self.bounds[p].fixed) is not None}

    def _first_phase(self) -> None:
        """Section 12.6.3.2: lower bounds from arguments with a type, exact ones from explicitly typed lambdas."""
        for argument, parameter, mode in self.pairs:
            if not parameter.mentions(self.parameters):
                continue
            if isinstance(argument, UnboundLambda):
                self._explicit_parameter_types(argument, parameter)
            elif isinstance(argument, TupleCreation) and isinstance(parameter, TupleType):
                self._tuple_elements(argument, parameter)
            elif isinstance(argument.type, SpecialType) and argument.type is not ERROR:
                continue
            elif mode in ("ref", "out"):
                self._exact(argument.type, parameter)
            else:
                self._lower(argument.type, parameter)

    def _tuple_elements(self, argument: TupleCreation, parameter: TupleType) -> None:
        if len(argument.elements) == len(parameter.arguments):
            for element, target in zip(argument.elements, parameter.arguments, strict=True):
                if not isinstance(element.type, SpecialType):
                    self._lower(element.type, target)

    def _explicit_parameter_types(self, argument: UnboundLambda, parameter: Type) -> None:
        signature = delegate_signature(parameter)
        if signature is None or argument.explicit_types is None:
            return
        if len(argument.explicit_types) == len(signature.parameters):
            for written, wanted in zip(argument.explicit_types, signature.parameters, strict=True):
                self._exact(written, wanted.type)

    def _output_inferences(self, unfixed: list[TypeParameter]) -> bool:
        """Section 12.6.3.7, for every argument whose inputs are known and whose output still holds something open."""
        progressed = False
        for argument, parameter, _ in self.pairs:
            if not isinstance(argument, (UnboundLambda, MethodGroup)):
                continue
            signature = delegate_signature(parameter)
            if signature is None or not signature.returns.mentions(unfixed):
                continue
            inputs = [p.type for p in signature.parameters]
            implicit = isinstance(argument, MethodGroup) or argument.explicit_types is None
            if implicit and any(t.mentions(unfixed) for t in inputs):
                continue
            fixed = self._fixed_types()
            types = tuple(t.substitute(fixed) for t in inputs)
            if isinstance(argument, UnboundLambda):
                returns = self.binder.return_type_of(argument, argument.explicit_types or types)
            else:
                returns = self.binder.return_type_of(argument, types)
            if returns is None or returns is VOID or (isinstance(returns, SpecialType) and returns is not ERROR):
                continue
            before = self._count()
            if returns is ERROR:
                for parameter_ in unfixed:
                    if signature.returns.mentions([parameter_]) and self.bounds[parameter_].is_empty:
                        self.bounds[parameter_].lower.append(ERROR)
            else:
                self._lower(returns, signature.returns)
            progressed = progressed or self._count() != before
        return progressed

    def _count(self) -> int:
        return sum(len(b.exact) + len(b.lower) + len(b.upper) for b in self.bounds.values())

    def _depends(self, first: TypeParameter, second: TypeParameter, unfixed: list[TypeParameter]) -> bool:
        """Section 12.6.3.6: `first` occurs in the output of an argument whose input holds `second`."""
        if first is second:
            return False
        reached: set[TypeParameter] = set()
        waiting = [first]
        while waiting:
            current = waiting.pop()
            for argument, parameter, _ in self.pairs:
                if not isinstance(argument, (UnboundLambda, MethodGroup)):
                    continue
                signature = delegate_signature(parameter)
                if signature is None or not signature.returns.mentions([current]):
                    continue
                if isinstance(argument, UnboundLambda) and argument.explicit_types is not None:
                    continue
                for other in unfixed:
                    if other not in reached and any(p.type.mentions([other]) for p in signature.parameters):
                        reached.add(other)
                        waiting.append(other)
        return second in reached

    def _exact(self, source: Type, target: Type) -> None:
        """Section 12.6.3.9."""
        if isinstance(target, TypeParameter):
            self._add(target, "exact", source)
        elif isinstance(target, ArrayType):
            if isinstance(source, ArrayType) and source.rank == target.rank:
                self._exact(source.element, target.element)
        elif isinstance(target, NamedType) and isinstance(source, NamedType) and target.definition is source.definition:
            for one, other in zip(source.arguments, target.arguments, strict=True):
                self._exact(one, other)

    def _lower(self, source: Type, target: Type) -> None:
        """Section 12.6.3.10."""
        if isinstance(target, TypeParameter):
            self._add(target, "lower", source)
            return
        if source is NULL or source is ERROR:
            return
        if isinstance(target, ArrayType):
            if isinstance(source, ArrayType) and source.rank == target.rank:
                self._element(source.element, target.element)
            return
        if not isinstance(target, NamedType) or not target.arguments:
            return
        if target.underlying is not None:
            inner = source.underlying
            if inner is not None:
                self._lower(inner, target.underlying)
            return
        unique: NamedType | None = None
        for parent in supertypes(source):
            if parent.definition is target.definition:
                if unique is not None and not same(unique, parent):
                    return  # not unique: no inference
                unique = unique or parent
        if unique is None:
            return
        for parameter, one, other in zip(
            unique.definition.type_parameters, unique.arguments, target.arguments, strict=True
        ):
            _ = unique.definition.interfaces
            if isinstance(source, TupleType):
                self._lower(one, other)
            elif not is_reference(one) or not parameter.variance:
                self._exact(one, other)
            elif parameter.variance == "out":
                self._lower(one, other)
            else:
                self._upper(one, other)

    def _element(self, source: Type, target: Type) -> None:
        if is_reference(source):
            self._lower(source, target)
        else:
            self._exact(source, target)

    def _upper(self, source: Type, target: Type) -> None:
        """Section 12.6.3.11."""
        if isinstance(target, TypeParameter):
            self._add(target, "upper", source)
        elif isinstance(target, NamedType) and isinstance(source, NamedType) and target.definition is source.definition:
            for parameter, one, other in zip(
                source.definition.type_parameters, source.arguments, target.arguments, strict=True
            ):
                if not is_reference(one) or not parameter.variance:
                    self._exact(one, other)
                elif parameter.variance == "out":
                    self._upper(one, other)
                else:
                    self._lower(one, other)

    def _add(self, parameter: TypeParameter, kind: str, bound: Type) -> None:
        bounds = self.bounds.get(parameter)
        if bounds is not None and bounds.fixed is None:
            found: list[Type] = getattr(bounds, kind)
            for place, other in enumerate(found):
                if same(other, bound):
                    found[place] = merged(other, bound)
                    return
            found.append(bound)

    def _fix(self, parameter: TypeParameter) -> bool:
        """Section 12.6.3.12."""
        bounds = self.bounds[parameter]
        candidates: list[Type] = []
        for bound in (*bounds.exact, *bounds.lower, *bounds.upper):
            place = next((place for place, other in enumerate(candidates) if same(other, bound)), None)
            if place is None:
                candidates.append(bound)
            else:
                candidates[place] = merged(candidates[place], bound)
        if ERROR in candidates:
            bounds.fixed = next((c for c in candidates if c is not ERROR), ERROR)
            return True
        for bound in bounds.exact:
            candidates = [c for c in candidates if same(c, bound)]
        for bound in bounds.lower:
            candidates = [c for c in candidates if _converts(bound, c)]
        for bound in bounds.upper:
            candidates = [c for c in candidates if _converts(c, bound)]
        best = [c for c in candidates if all(other is c or _converts(other, c) for other in candidates)]
        if len(best) != 1:
            return False
        bounds.fixed = best[0]
        return True


def _converts(source: Type, target: Type) -> bool:
    return implicit_conversion(source, target) is not None


def best_common_type(expressions: Sequence[Expression]) -> Type | None:
    """Return the best common type of a set of expressions (section 12.6.3.15), for `new[] { … }` and lambda returns.

    Only types count: a constant that fits a smaller type does not make that type the best one.
    """
    if any(e.type is ERROR for e in expressions):
        return ERROR
    types = [e.type for e in expressions if not isinstance(e.type, SpecialType)]
    best: Type | None = None
    chosen = 0
    for place, type_ in enumerate(types):
        better = type_ if best is None else better_type(best, type_)
        if better is not best:
            chosen = place
        best = better
    if best is None or any(
        (found := better_type(best, type_)) is None or not same(found, best) for type_ in types[:chosen]
    ):
        return None
    return best


def better_type(first: Type, second: Type) -> Type | None:
    """Return the one of two types to which the other converts; None when there is none, or both convert."""
    if same(first, second):
        return merged(first, second)
    forth, back = _converts(first, second), _converts(second, first)
    return None if forth == back else second if forth else first


def takes_receiver(method: Method, receiver: Expression, binder: Binder) -> bool:
    """Return whether an extension method can be called on a receiver (C# specification, section 12.8.10.3)."""
    wanted = method.parameters[0].type
    own = [p for p in method.type_parameters if wanted.mentions([p])]
    if own:
        return Inference(own, [(receiver, wanted, "")], binder).run() is not None
    conversion = binder.classify(receiver, wanted)
    return conversion is not None and conversion.kind in ("identity", "reference", "boxing")
