"""References to variables: `ref` locals, `ref` returns, `ref` conditionals (C# specification, sections 9.7 and 12.18).

Where a `ref` is written, a variable must stand (section 9.5), of exactly the type that is wanted. What a function
returns by reference must live longer than the function: an element of an array, a `ref` parameter, the result of
another such function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import conversions as conv
from apimpolicy.binding.conditional import ConditionalBinder
from apimpolicy.binding.nodes import (
    ArrayAccess,
    Bad,
    Conditional,
    Dereference,
    Expression,
    FieldAccess,
    IndexerAccess,
    Local,
    PropertyAccess,
    Reference,
    TupleElement,
)
from apimpolicy.binding.readonly import read_only as find_read_only
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.symbols import LocalFunctionSymbol
from apimpolicy.dotnet.types import ERROR
from apimpolicy.syntax.nodes import Node

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type
    from apimpolicy.syntax.nodes import Child


REFERENCE_TYPES = frozenset({"ref_type", "ref_readonly_type"})
"""The kinds of `ref T` and `ref readonly T`."""


class ReferenceBinder(ConditionalBinder):
    """`ref` in front of an expression."""

    def bind_ref_expression(self, node: Node) -> Expression:
        """A `ref` where no reference is wanted: only the places that want one ask `reference` themselves."""
        return self.failure(node, "CS1525", "'ref' can't be used here", help="remove it")

    def reference(self, node: Node, *, returned: bool = False, read_only: bool = False) -> Expression:
        """`ref variable`: the reference; reports when there is no variable, or one that does not live on.

        `read_only`: what is wanted is a `ref readonly`, which may be to a variable that can only be read.
        """
        target = self.require_typed(self.bind_value(node.children[0]))
        if isinstance(target, Bad):
            return target
        return self.reference_to(target, node.children[0], returned=returned, read_only=read_only)

    def reference_to(
        self, target: Expression, node: Child, *, returned: bool = False, read_only: bool = False
    ) -> Expression:
        cause = None if read_only else find_read_only(target)
        if cause is not None:
            return self.failure(
                node, cause.returned if returned else cause.referenced, f"{cause.what} and is read-only"
            )
        if isinstance(target, Dereference):
            return target.reference
        if (
            isinstance(target, IndexerAccess)
            and target.property.has_setter
            and conv.is_ref_struct(target.receiver.type)
        ):
            return Reference(target.syntax, target.type, target)  # the indexer of a span returns by reference
        if isinstance(target, (PropertyAccess, IndexerAccess)):
            code = "CS8156" if returned else "CS0206"
            return self.failure(node, code, "a property or indexer can't be passed by reference")
        if not isinstance(target, (Local, ArrayAccess, FieldAccess, TupleElement)) or (
            isinstance(target, Local) and target.symbol.kind == "constant"
        ):
            return self.failure(node, "CS8156" if returned else "CS1510", "'ref' needs a variable")
        if isinstance(target, Local):
            if returned and not target.symbol.is_reference and not (read_only and target.symbol.mode == "in"):
                return self._does_not_live_on(target, node)
            if target.symbol.is_readonly and not read_only:
                return self.failure(
                    node, "CS1657", f"'{target.symbol.name}' is read-only and can't be passed by reference"
                )
        self.mark_referenced(target)
        return Reference(target.syntax, target.type, target)

    def mark_referenced(self, target: Expression) -> None:
        """Remember that something else than its name may change a variable."""
        while isinstance(target, TupleElement):
            target = target.receiver
        if isinstance(target, Local):
            target.symbol.is_referenced = True

    def _does_not_live_on(self, target: Local, node: Child) -> Bad:
        if target.symbol.kind == "parameter":
            return self.failure(
                node, "CS8166", f"'{target.symbol.name}' can't be returned by reference: it is not a ref parameter"
            )
        return self.failure(
            node, "CS8168", f"'{target.symbol.name}' can't be returned by reference: it is not a ref variable"
        )

    def wanted_reference(self, node: Child, reference: Expression, wanted: Type, code: str) -> Expression:
        """A reference must be to exactly the type that is wanted: CS8173 or CS8151."""
        if ERROR in (reference.type, wanted) or conv.same(reference.type, wanted):
            return reference
        return self.failure(node, code, f"a reference to '{shown(wanted)}' is needed, not to '{shown(reference.type)}'")

    def bind_conditional(self, node: Node) -> Expression:
        """`c ? ref a : ref b` is a variable (section 12.18); both branches have one type."""
        branches = node.children[1:]
        written = [isinstance(b, Node) and b.kind == "ref_expression" for b in branches]
        if not any(written):
            return super().bind_conditional(node)
        if not all(written):
            at = branches[written.index(False)]
            return self.failure(at, "CS8326", "either both or none of the branches must be 'ref'")
        condition = self.convert_condition(self.bind_value(node.children[0]))
        first, second = (self.reference(branch, read_only=True) for branch in branches)  # type: ignore[arg-type]
        if any(isinstance(e, Bad) for e in (condition, first, second)):
            return self.bad(node)
        if not conv.same(first.type, second.type):
            message = f"both branches must be of the type '{shown(first.type)}'"
            return self.failure(second.syntax, "CS8327", message)
        return Dereference(node, first.type, Conditional(node, first.type, condition, first, second))

    def returns_reference(self) -> bool:
        """Whether the function being bound returns by reference."""
        function = self.scope.function
        return isinstance(function, LocalFunctionSymbol) and function.returns_reference
