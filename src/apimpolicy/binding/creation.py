"""Object, array, tuple and string creation (C# specification, sections 12.8.17, 12.8.3 and 12.8.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import complaints, lookup
from apimpolicy.binding.casts import CastBinder
from apimpolicy.binding.constraints import has_constructor
from apimpolicy.binding.core import name_of
from apimpolicy.binding.inference import best_common_type
from apimpolicy.binding.names import make_tuple_type
from apimpolicy.binding.nodes import (
    AnonymousCreation,
    ArrayCreation,
    Assignment,
    Bad,
    DefaultValue,
    Expression,
    FieldAccess,
    Initializer,
    InterpolatedString,
    Interpolation,
    Literal,
    MethodGroup,
    ObjectCreation,
    Placeholder,
    PropertyAccess,
    TupleCreation,
)
from apimpolicy.binding.overloads import Argument, resolve
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.unbound import METHOD_GROUP_TYPE, TUPLE_TYPE
from apimpolicy.dotnet.signatures import Method
from apimpolicy.dotnet.types import (
    DYNAMIC,
    ERROR,
    ArrayType,
    NamedType,
    SpecialType,
    Type,
    TypeParameter,
    anonymous_type,
    array_of,
)
from apimpolicy.dotnet.values import INT, OBJECT, STRING, VOID
from apimpolicy.syntax import literals
from apimpolicy.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.syntax.nodes import Child


class CreationBinder(CastBinder):
    """`new` in all its forms, tuples, and interpolated strings."""

    def bind_object_creation(self, node: Node) -> Expression:
        type_node, arguments_node, initializer = node.children
        type_ = self.bind_type(type_node)
        arguments = self.bind_arguments(arguments_node)
        if isinstance(type_, NamedType) and type_.kind == "delegate" and len(arguments) == 1 and initializer is None:
            return self.convert(arguments[0].expression, type_)
        if type_ is ERROR or any(isinstance(a.expression, Bad) for a in arguments):
            if isinstance(initializer, Node):
                self._bind_for_errors(initializer)
            return self.bad(node)
        if isinstance(type_, TypeParameter):
            return self._new_of_parameter(node, type_, arguments)
        if not isinstance(type_, NamedType) or type_.kind in ("interface", "delegate") or type_.definition.is_abstract:
            return self._not_creatable(node, type_node, type_)
        if type_.definition.is_static:
            return self.failure(node, "CS0712", f"'{shown(type_)}' is static: there are no objects of it")
        created = self.construct(node, type_node, type_, arguments)  # type: ignore[arg-type]
        if isinstance(initializer, Node) and isinstance(created, (ObjectCreation, DefaultValue)):
            steps = self._initializers(initializer, Placeholder(node, type_))
            if steps is None:
                return self.bad(node)
            if isinstance(created, DefaultValue):
                created = ObjectCreation(node, type_, None, ())
            created.initializers = tuple(steps)
        return created

    def _new_of_parameter(self, node: Node, type_: TypeParameter, arguments: list[Argument]) -> Expression:
        if not has_constructor(type_):
            help = f"write where {type_.name} : new()"
            return self.failure(node, "CS0304", f"'{type_.name}' may have no constructor without parameters", help=help)
        if arguments:
            return self.failure(node, "CS0417", f"'new {type_.name}' takes no arguments")
        return ObjectCreation(node, type_, None, ())

    def _bind_for_errors(self, initializer: Node) -> None:
        """Bind what stands in an initialiser of an object whose type is unknown, for its own errors."""
        for item in initializer.children:
            value: Any = item
            if isinstance(item, Node) and item.kind in ("member_initializer", "indexer_initializer"):
                value = item.children[1]
            if isinstance(value, Node):
                if value.kind == "initializer":
                    self._bind_for_errors(value)
                elif value.kind not in ("assignment",):
                    self.bind_value(value)

    def _not_creatable(self, node: Node, type_node: Child, type_: Type) -> Expression:
        if isinstance(type_, NamedType) and type_.kind == "delegate":
            return self.failure(node, "CS0149", "write the lambda itself instead of 'new' with a delegate type")
        return self.failure(
            node, "CS0144", f"'{shown(type_)}' is abstract or an interface: there is no object of just this type"
        )

    def construct(self, node: Node, type_node: Node, type_: NamedType, arguments: list[Argument]) -> Expression:
        methods = lookup.constructors(type_)
        if not arguments and type_.is_value_type and not any(not m.parameters for m in methods):
            return self.default_value(node, type_)
        found = resolve(methods, arguments, (), self)
        if any(a.expression.type is DYNAMIC for a in arguments) and (found.best or found.ambiguous) is not None:
            return self.dynamic_operation(node, "new", [], type_, arguments, type_)
        if found.best is not None:
            values = self.finish_arguments(node, found.best, arguments)
            return ObjectCreation(node, type_, found.best.method, values)
        if found.ambiguous is not None:
            group = MethodGroup(type_node, METHOD_GROUP_TYPE, shown(type_), None, methods, (), ())
            return complaints.ambiguous_call(self, node, group, found)
        return complaints.no_constructor(self, node, type_node, type_, found, arguments)

    # ------------------------------------------------------------------------------------- initialisers

    def _initializers(self, node: Node, target: Placeholder) -> list[Initializer] | None:
        """The steps of `{ … }` on a new object; None after a report."""
        steps: list[Initializer] = []
        for item in node.children:
            step = self._initializer(item, target)  # type: ignore[arg-type]
            if step is None:
                return None
            steps.append(step)
        return steps

    def _initializer(self, item: Node, target: Placeholder) -> Initializer | None:
        if item.kind == "member_initializer":
            return self._member_initializer(item, target)
        if item.kind == "indexer_initializer":
            arguments = self.bind_arguments(item.children[0])
            place = self.index(item, target, arguments)
            return self._initialize_place(item, target, place, item.children[1], item)
        values: list[Child] = item.children if item.kind == "initializer" else [item]
        return self._collection_element(item, target, values)

    def _member_initializer(self, item: Node, target: Placeholder) -> Initializer | None:
        token, value = item.children
        name = name_of(token)
        members = lookup.find_members(target.type, name)
        if not members or isinstance(members[0], Method):
            self.report(
                token,
                "CS0117" if not members else "CS1913",
                f"'{shown(target.type)}' has no property '{name}' to set",
                label=self.suggestion(name, lookup.member_names(target.type)),
            )
            return None
        place = self._member_value(item, target, members[0])
        return self._initialize_place(item, target, place, value, token)  # type: ignore[arg-type]

    def _initialize_place(
        self, item: Node, target: Placeholder, place: Expression, value: Child, where: Node | Token
    ) -> Initializer | None:
        if isinstance(place, Bad):
            return None
        if isinstance(value, Node) and value.kind == "initializer":
            nested = self._initializers(value, Placeholder(value, place.type))
            return Initializer(item, target, place, nested) if nested is not None else None
        bound = self.bind_value(value)
        if isinstance(place, (PropertyAccess, FieldAccess)) and not self.check_assignable(place, where):  # type: ignore[arg-type]
            return None
        if isinstance(bound, Bad):
            return None
        converted = self.convert(bound, place.type)
        if isinstance(converted, Bad):
            return None
        return Initializer(item, target, Assignment(item, place.type, place, converted))

    def _collection_element(self, item: Node, target: Placeholder, values: list[Child]) -> Initializer | None:
        """`{ a, b }` elements call Add (section 12.8.17.4)."""
        arguments = [Argument(self.bind_value(value), value) for value in values]  # type: ignore[arg-type]
        if any(isinstance(a.expression, Bad) for a in arguments):
            return None
        if not any(parent.name == "System.Collections.IEnumerable" for parent in lookup.supertypes(target.type)):
            self.report(
                item,
                "CS1922",
                f"'{shown(target.type)}' is no collection, so elements cannot be added to it",
                help="write Name = value",
            )
            return None
        methods = [m for m in lookup.find_members(target.type, "Add") if isinstance(m, Method)]
        if not methods:
            self.report(item, "CS1061", f"'{shown(target.type)}' has no method 'Add'")
            return None
        found = resolve(methods, arguments, (), self)
        if found.best is None:
            if any(c.failure == "argument" for c in found.candidates):
                self.report(
                    item,
                    "CS1950",
                    f"this element does not fit 'Add' of '{shown(target.type)}'",
                    help=complaints._choices("Add", found.candidates),
                )
                # the compiler names the argument as well
                complaints._complain(self, item, item, "'Add'", found, arguments)
            else:
                complaints._complain(self, item, item, "'Add'", found, arguments)
            return None
        group = MethodGroup(item, METHOD_GROUP_TYPE, "Add", target, methods, (), ())
        call = self._finish_call(item, group, found.best, arguments, target)
        return None if isinstance(call, Bad) else Initializer(item, target, call)

    # -------------------------------------------------------------------------------------------- arrays

    def bind_array_creation(self, node: Node) -> Expression:
        type_node, sizes_node, *rest = node.children
        ranks, initializer = rest[:-1], rest[-1]
        element = self.bind_type(type_node)
        sizes = [self._array_size(size) for size in sizes_node.children]  # type: ignore[union-attr]
        if element is ERROR or any(isinstance(size, Bad) for size in sizes):
            return self.bad(node)
        for rank in reversed(ranks):
            element = array_of(element, rank.text.count(",") + 1)  # type: ignore[union-attr]
        type_ = array_of(element, len(sizes))
        if not isinstance(initializer, Node):
            return ArrayCreation(node, type_, sizes, None)
        return self.array_of_elements(node, type_, sizes, initializer)

    def array_of_elements(
        self, node: Node, type_: ArrayType, sizes: Sequence[Expression], initializer: Node
    ) -> Expression:
        """An array with its elements listed, and perhaps its sizes as well."""
        for size in sizes:
            if not size.is_constant:
                return self.failure(size.syntax, "CS0150", "the size must be a constant when the elements are listed")
        items = self._array_items(initializer, type_, 0)
        if items is None:
            return self.bad(node)
        if len(sizes) == 1 and sizes[0].constant != len(items):
            return self.failure(
                initializer, "CS0847", f"{sizes[0].constant} elements are announced, {len(items)} are listed"
            )
        return ArrayCreation(node, type_, sizes, items)

    def _array_size(self, node: Child) -> Expression:
        expression = self.bind_typed(node)
        if isinstance(expression, Bad):
            return expression
        size = self._array_index(Argument(expression, expression.syntax))
        if size.is_constant and size.constant < 0:
            return self.failure(size.syntax, "CS0248", "the size of an array cannot be negative")
        return size

    def bind_array_creation_with_initializer(self, node: Node) -> Expression:
        type_ = self.bind_type(node.children[0])
        if not isinstance(type_, ArrayType):
            return self.bad(node)
        return self.array_from(node, type_, node.children[1])  # type: ignore[arg-type]

    def array_from(self, node: Node, type_: ArrayType, initializer: Node) -> Expression:
        """An array of a known type from `{ … }`."""
        items = self._array_items(initializer, type_, 0)
        return self.bad(node) if items is None else ArrayCreation(node, type_, (), items)

    def _array_items(self, node: Node, type_: ArrayType, depth: int) -> list[Expression] | None:
        """The elements, flat for one dimension; rows become ArrayCreations of the same rank, in row-major order."""
        items: list[Expression] = []
        failed = False
        for child in node.children:
            if depth + 1 < type_.rank:
                if not isinstance(child, Node) or child.kind != "initializer":
                    self.report(child, "CS0846", "a row in braces is needed here")
                    return None
                row = self._array_items(child, type_, depth + 1)
                if row is None:
                    return None
                items.append(ArrayCreation(child, array_of(type_.element, 1), (), row))
                continue
            if isinstance(child, Node) and child.kind == "initializer":
                self.report(child, "CS0623", "elements in braces are only allowed for arrays of more dimensions")
                return None
            item = self.convert(self.bind_value(child), type_.element)
            failed = failed or isinstance(item, Bad)
            items.append(item)
        return None if failed else items

    def bind_implicit_array_creation(self, node: Node) -> Expression:
        initializer = node.children[1]
        rank = node.token(0).text.count(",") + 1
        if rank > 1:
            return self.failure(node, "CS8370", "new[,] without a type is not supported", help="name the element type")
        items = [self.bind_value(child) for child in initializer.children]  # type: ignore[union-attr]
        if any(isinstance(item, Bad) for item in items):
            return self.bad(node)
        element = best_common_type(items)
        if element is None or element is ERROR:
            return self.failure(node, "CS0826", "the elements have no common type", help="name it: new object[] { … }")
        converted = [self.convert(item, element) for item in items]
        return ArrayCreation(node, array_of(element), (), converted)

    def bind_member_initializer(self, node: Node) -> Expression:
        """`Name = value` among the elements of an array is an assignment."""
        token, value = node.children
        if token is None or value is None or (isinstance(value, Node) and value.kind == "initializer"):
            return self.failure(node, "CS0622", "elements in braces need 'new' and a type here")
        name = Node("identifier", [token, None], token.start, token.end)
        return self.bind(Node("assignment", [name, value], node.start, node.end))

    def bind_indexer_initializer(self, node: Node) -> Expression:
        return self.failure(node, "CS0622", "an array's elements have no keys", help="use a Dictionary, or a JObject")

    def bind_initializer(self, node: Node) -> Expression:
        return self.failure(node, "CS0622", "elements in braces need 'new' and a type here")

    # ------------------------------------------------------------------------------- anonymous objects, tuples

    def bind_anonymous_object_creation(self, node: Node) -> Expression:
        members: list[tuple[str, Type]] = []
        values: list[Expression] = []
        seen: set[str] = set()
        for child in node.children:
            name_token, value_node = child.children  # type: ignore[union-attr]
            value = self.bind_value(value_node)
            if isinstance(value, Bad):
                return value
            token = name_token or _implied_name(value_node)
            if token is None:
                return self.failure(value_node, "CS0746", "this value needs a name: Name = …")
            name = name_of(token)
            if name in seen:
                return self.failure(child, "CS0833", f"two properties are called '{name}'")
            seen.add(name)
            if isinstance(value.type, SpecialType) or value.type is VOID:
                return self.failure(
                    child,
                    "CS0828",
                    f"the property '{name}' cannot hold {complaints._describe(value)}",
                )
            members.append((name, value.type))
            values.append(value)
        return AnonymousCreation(node, anonymous_type(tuple(members)), values)

    def bind_tuple(self, node: Node) -> Expression:
        elements: list[Expression] = []
        names: list[str | None] = []
        for child in node.children:
            name, value = child.children  # type: ignore[union-attr]
            if isinstance(value, Node) and value.kind == "declaration_expression":
                return self.failure(value, "CS8185", "a declaration is not allowed here")
            elements.append(self.bind_value(value))
            token = name or _implied_name(value)
            names.append(literals.identifier_name(token.text) if token is not None else None)  # type: ignore[union-attr]
        if any(isinstance(e, Bad) for e in elements):
            return self.bad(node)
        names = _without_clashes(names, [child.children[0] is not None for child in node.children])  # type: ignore[union-attr]
        if any(isinstance(e.type, SpecialType) for e in elements):
            return TupleCreation(node, TUPLE_TYPE, elements, names)
        return TupleCreation(node, make_tuple_type([e.type for e in elements], names), elements, names)

    # ------------------------------------------------------------------------------------------- strings

    def bind_interpolated_string(self, node: Node) -> Expression:
        start = node.children[0]
        verbatim = "@" in start.text  # type: ignore[union-attr]
        parts: list[str | Interpolation] = []
        failed = False
        for child in node.children[1:]:
            if isinstance(child, Token):
                parts.append(literals.interpolated_text_value(child.text, verbatim=verbatim))
                continue
            part = self._interpolation(child)  # type: ignore[arg-type]
            failed = failed or part is None
            if part is not None:
                parts.append(part)
        if all(isinstance(part, str) for part in parts):
            return Literal(node, STRING, "".join(part for part in parts if isinstance(part, str)))
        return self.bad(node) if failed else InterpolatedString(node, STRING, parts)

    def _interpolation(self, node: Node) -> Interpolation | None:
        value_node, alignment_node, format_token = node.children
        value = self.require_typed(self.bind_value(value_node))
        alignment: int | None = None
        if alignment_node is not None:
            bound = self.convert(self.bind_typed(alignment_node), INT)
            if isinstance(bound, Bad):
                return None
            if not bound.is_constant:
                self.report(alignment_node, "CS0150", "the alignment must be a constant")
                return None
            alignment = bound.constant
        if isinstance(value, Bad):
            return None
        boxed = self.convert(value, OBJECT)
        if isinstance(boxed, Bad):
            return None
        text = format_token.text if format_token is not None else None  # type: ignore[union-attr]
        return Interpolation(node, boxed, alignment, text)


def _implied_name(node: Child) -> Token | None:
    """`x`, `a.b` and `a?.b` name themselves."""
    if isinstance(node, Node):
        if node.kind == "identifier" and isinstance(node.children[0], Token):
            return node.children[0]
        if node.kind in ("member_access", "conditional_member_access") and isinstance(node.children[1], Token):
            return node.children[1]
    return None


def _without_clashes(names: list[str | None], written: list[bool]) -> list[str | None]:
    """Implied tuple names that occur twice, or are reserved, are dropped (section 12.8.6)."""
    result: list[str | None] = []
    for name, is_written in zip(names, written, strict=True):
        is_item = name is not None and name.startswith("Item") and name[4:].isdigit()
        reserved = is_item or name in ("Rest", "ToString")
        if not is_written and (reserved or names.count(name) > 1):
            result.append(None)
        else:
            result.append(name)
    return result
