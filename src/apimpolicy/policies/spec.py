"""What a policy takes from its element, said in the class that runs it.

    @policy("set-query-parameter", sections="inbound backend")
    class SetQueryParameter:
        name: str = expression_attribute(required=True)
        exists_action: str = expression_attribute(default="override", values=EXISTS_ACTIONS)
        values: list[str] = child_texts("value")

        def run(self, exchange: Exchange) -> Effect:
            ...

The engine makes an instance for each execution, with every attribute evaluated and converted, and calls `run`. Child
elements that are not evaluated at once (`children`, `child`, `policies`) arrive as steps for the exchange to run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.policies.conversions import BLANKS, text
from apimpolicy.policies.placement import EVERYWHERE, Placement
from apimpolicy.policies.surroundings import Exchange, PolicyError, Services, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from apimpolicy.policies.ranges import Range

SECTIONS = ("inbound", "backend", "outbound", "on-error")
ANYWHERE = "inbound backend outbound on-error"


class AttributeSlot:
    """An attribute. `values` are the literals allowed; `expression` says whether an expression is.

    A `postponed` one arrives as a function that evaluates it, each time anew. A required one has to say something,
    unless it `may_be_empty`; the gateway validates a literal when it saves the document, and the value of an expression
    when a request runs. `sets` is the type of the variable that it names, where the policy always sets it.
    `within` are the bounds of a number, `doubts` what the sources disagree about (`policies.traits.DOUBTS`). `refers`
    is the kind of resource of the service that a literal names: `backends`.
    """

    __slots__ = (
        "convert",
        "default",
        "doubts",
        "expression",
        "field",
        "may_be_empty",
        "name",
        "postponed",
        "refers",
        "required",
        "sets",
        "values",
        "within",
    )

    def __init__(
        self,
        convert: Callable[[Any], Any],
        name: str,
        required: bool,
        default: object,
        values: tuple[str, ...],
        expression: bool,
        postponed: bool = False,
        may_be_empty: bool = False,
        sets: str | None = None,
        within: Range | None = None,
        doubt: str = "",
        refers: str = "",
    ) -> None:
        self.refers = refers
        self.within = within
        self.doubts = frozenset(doubt.split())
        self.field = ""
        self.may_be_empty = may_be_empty
        self.sets = sets
        self.name = name
        self.convert = convert
        self.required = required
        self.default = default
        self.values = values
        self.expression = expression
        self.postponed = postponed

    def __set_name__(self, owner: type, field: str) -> None:
        self.field = field
        self.name = self.name or field.rstrip("_").replace("_", "-")

    @property
    def is_filled(self) -> bool:
        """Whether the gateway refuses an empty value."""
        return self.required and not self.may_be_empty

    def why_invalid(self, value: object) -> str:
        """Say why the gateway refuses what an expression gave, after its conversion; empty for a valid value."""
        if not isinstance(value, str):
            return ""
        if self.is_filled and not value.strip(BLANKS):
            return f"The {self.name} field is required."
        if self.values and value not in self.values:
            return f"'{value}' is not a value of '{self.name}'; the values are {', '.join(self.values)}."
        return ""


class ContentSlot:
    """The element's own text, or the texts of its children of one name, evaluated and converted.

    `markup` says that elements among the element's own text are part of it, `filled` that an empty text is refused.
    """

    __slots__ = ("child", "convert", "expression", "field", "filled", "markup", "required")

    def __init__(
        self,
        child: str | None,
        convert: Callable[[Any], Any],
        required: bool,
        markup: bool = False,
        filled: bool = False,
    ) -> None:
        self.markup = markup
        self.filled = filled
        self.field = ""
        self.child = child
        self.convert = convert
        self.required = required
        self.expression = True

    def __set_name__(self, owner: type, field: str) -> None:
        self.field = field

    def why_invalid(self, value: object) -> str:
        """Say nothing: no text of an element is known to be validated but by its conversion."""
        return ""


class ChildrenSlot:
    """Child elements with a specification of their own, not evaluated yet; `name` None stands for any policies.

    `known` are the names of policies allowed as children when not all are; `most` is how many there may be.
    `anywhere` says that the sources disagree about its place among the others.
    """

    __slots__ = ("anywhere", "field", "known", "most", "name", "part", "required", "single")

    def __init__(
        self,
        name: str | None,
        part: type | None,
        required: bool,
        single: bool,
        known: tuple[str, ...] = (),
        most: int | None = None,
        anywhere: bool = False,
    ) -> None:
        self.anywhere = anywhere
        self.field = ""
        self.name = name
        self.part = part
        self.required = required
        self.single = single
        self.known = known
        self.most = most

    def __set_name__(self, owner: type, field: str) -> None:
        self.field = field


def expression_attribute(
    convert: Callable[[Any], Any] = text,
    *,
    name: str = "",
    required: bool = False,
    default: object = None,
    values: tuple[str, ...] = (),
    may_be_empty: bool = False,
    sets: str | None = None,
    within: Range | None = None,
    doubt: str = "",
    refers: str = "",
) -> Any:
    """An attribute that may be an expression; `convert` makes its value what the policy wants."""
    return AttributeSlot(
        convert, name, required, default, values, True, False, may_be_empty, sets, within, doubt, refers
    )


def postponed_attribute(
    convert: Callable[[Any], Any] = text, *, name: str = "", required: bool = False, default: object = None
) -> Any:
    """An attribute that may be an expression, evaluated whenever the policy asks: a function without parameters."""
    return AttributeSlot(convert, name, required, default, (), True, postponed=True)


def literal_attribute(
    convert: Callable[[Any], Any] = text,
    *,
    name: str = "",
    required: bool = False,
    default: object = None,
    values: tuple[str, ...] = (),
    may_be_empty: bool = False,
    sets: str | None = None,
    within: Range | None = None,
    doubt: str = "",
    refers: str = "",
) -> Any:
    """An attribute in which the gateway evaluates no expression."""
    return AttributeSlot(
        convert, name, required, default, values, False, False, may_be_empty, sets, within, doubt, refers
    )


def child_texts(
    name: str, convert: Callable[[Any], Any] = text, *, required: bool = False, filled: bool = False
) -> Any:
    """The contents of the child elements of that name, each a text or an expression: a list.

    `required`: at least one of them; `filled`: none of them is empty.
    """
    return ContentSlot(name, convert, required, filled=filled)


def content(convert: Callable[[Any], Any] = text, *, markup: bool = False, filled: bool = False) -> Any:
    """The element's own content, a text or an expression; with `markup` elements in it are part of the text."""
    return ContentSlot(None, convert, False, markup, filled)


def children(part: type, *, required: bool = False, most: int | None = None) -> Any:
    """The child elements that a class marked with `part` describes: a list of `Step`, evaluated when entered."""
    return ChildrenSlot(specification(part).name, part, required, False, most=most)


def child(part: type, *, required: bool = False, anywhere: bool = False) -> Any:
    """At most one child element that a class marked with `part` describes: a `Step` or None."""
    return ChildrenSlot(specification(part).name, part, required, True, anywhere=anywhere)


def policies(*known: str) -> Any:
    """The policies inside, to be run with `exchange.execute`: a list of `Step`. `known` limits which."""
    return ChildrenSlot(None, None, False, False, known)


class Specification:
    """What is known of an element: name, sections, and what it takes.

    `alternatives` are attributes of which one must be given; `exclusive` are pairs that exclude each other; of the
    pairs in `together` the first attribute needs the second. `choices` are child elements of which one must be there,
    unless the attribute `waiver` is given; `choice_is_doubtful` says that a gateway saved the policy without any.
    `in_order` says that child elements with specifications stand in the order in which the class has them.
    `placement` is where the gateway allows it beyond its sections, `left_out` what a run leaves out of it, `same_as`
    the policy of which it is a second name. `traits` are what else looks at, see `policies.traits`. `also_in` are
    sections in which not its page but another source has it, `other_half` is the policy without which it has no effect,
    and `order` the one in which the elements inside it stand. `effects` are what it may do, None for anything; `access`
    is what it means for who reaches the backend (`policies.traits.ACCESS`), empty where that is not decided.
    `traced` and `traced_error` are what the trace of a real gateway says of it, where that was seen; `{message}` is
    that of the error.
    """

    __slots__ = (
        "access",
        "also_in",
        "alternatives",
        "attributes",
        "children",
        "choice_is_doubtful",
        "choices",
        "cls",
        "contents",
        "effects",
        "exclusive",
        "in_order",
        "left_out",
        "name",
        "order",
        "other_half",
        "placement",
        "refuses_with",
        "same_as",
        "sections",
        "together",
        "traced",
        "traced_error",
        "traits",
        "waiver",
    )

    def __init__(
        self,
        name: str,
        sections: frozenset[str],
        cls: type,
        alternatives: tuple[str, ...] = (),
        exclusive: tuple[tuple[str, str], ...] = (),
        in_order: bool = False,
        together: tuple[tuple[str, str], ...] = (),
        choices: tuple[str, ...] = (),
        waiver: str = "",
        placement: Placement = EVERYWHERE,
        left_out: str = "",
        same_as: str = "",
        traits: str = "",
        also_in: str = "",
        other_half: str = "",
        order: str = "",
        traced: str = "",
        traced_error: str = "{message}",
        choice_is_doubtful: bool = False,
        refuses_with: str = "",
        effects: str | None = None,
        access: str = "",
    ) -> None:
        self.access = access
        self.choice_is_doubtful = choice_is_doubtful
        self.refuses_with = tuple(refuses_with.split())
        self.effects: tuple[str, ...] | None = None if effects is None else tuple(effects.split())
        self.traced = traced
        self.traced_error = traced_error
        self.also_in = frozenset(also_in.split())
        self.order = tuple(order.split())
        self.other_half = other_half
        self.name = name
        self.placement = placement
        self.left_out = left_out
        self.same_as = same_as
        self.traits = frozenset(traits.split())
        self.waiver = waiver
        self.together = together
        self.choices = choices
        self.sections = sections
        self.cls = cls
        self.alternatives = alternatives
        self.exclusive = exclusive
        self.in_order = in_order
        self.attributes: list[AttributeSlot] = []
        self.contents: list[ContentSlot] = []
        self.children: list[ChildrenSlot] = []
        for slot in _slots(cls):
            if isinstance(slot, AttributeSlot):
                self.attributes.append(slot)
            elif isinstance(slot, ContentSlot):
                self.contents.append(slot)
            elif isinstance(slot, ChildrenSlot):
                self.children.append(slot)

    @property
    def documentation(self) -> str:
        """The policy's page: the docstring of its module."""
        import inspect
        import sys

        return inspect.cleandoc(sys.modules[self.cls.__module__].__doc__ or "")

    @property
    def fidelity(self) -> str:
        """How much of it runs here: `full`, or `full, except …`."""
        return f"full, except {self.left_out}" if self.left_out else "full"

    @property
    def holds_policies(self) -> bool:
        """Whether its child elements are policies."""
        return any(slot.part is None for slot in self.children)

    @property
    def own_children(self) -> frozenset[str]:
        """The names of child elements that are not policies."""
        names = (slot.child for slot in self.contents), (slot.name for slot in self.children if slot.part is not None)
        return frozenset(name for group in names for name in group if name is not None)

    @property
    def composes(self) -> bool:
        """Whether the policies inside work on a message of their own, whatever the section: return-response."""
        return any(slot.part is None and "set-header" in slot.known for slot in self.children)

    @property
    def takes_markup(self) -> bool:
        """Whether any elements may stand in it, as text."""
        return any(slot.markup for slot in self.contents)

    @property
    def takes_text(self) -> bool:
        """Whether the element's own text means anything."""
        return any(slot.child is None for slot in self.contents)

    def part(self, name: str) -> Specification | None:
        """The specification of a child element that is not a policy."""
        for slot in self.children:
            if slot.name == name and slot.part is not None:
                return specification(slot.part)
        return None

    def __repr__(self) -> str:
        return f"Specification({self.name!r})"


def _slots(cls: type) -> Iterable[object]:
    """What a class and those that it is made from describe; the class itself has the last word."""
    found: dict[str, object] = {}
    for each in reversed(cls.__mro__):
        found.update(vars(each))
    return found.values()


def policy(
    name: str,
    *,
    sections: str,
    alternatives: tuple[str, ...] = (),
    exclusive: tuple[tuple[str, str], ...] = (),
    in_order: bool = False,
    together: tuple[tuple[str, str], ...] = (),
    choices: tuple[str, ...] = (),
    waiver: str = "",
    placement: Placement = EVERYWHERE,
    left_out: str = "",
    same_as: str = "",
    traits: str = "",
    also_in: str = "",
    other_half: str = "",
    order: str = "",
    traced: str = "",
    traced_error: str = "{message}",
    choice_is_doubtful: bool = False,
    refuses_with: str = "",
    effects: str | None = None,
    access: str = "",
) -> Callable[[type], type]:
    """Make a class the behaviour of the policy of that name; `sections` are where the gateway allows it.

    `effects` are what it may do, for proofs (`policies.traits.EFFECTS`); without them it may do anything. `access` is
    what it means for who reaches the backend (`policies.traits.ACCESS`); without it `audit` decides nothing behind it.
    """

    def mark(cls: type) -> type:
        made = Specification(
            name,
            frozenset(sections.split()),
            cls,
            alternatives,
            exclusive,
            in_order,
            together,
            choices,
            waiver,
            placement,
            left_out,
            same_as,
            traits,
            also_in,
            other_half,
            order,
            traced,
            traced_error,
            choice_is_doubtful,
            refuses_with,
            effects,
            access,
        )
        cls.specification = made  # type: ignore[attr-defined]
        return cls

    return mark


def part(
    name: str,
    *,
    alternatives: tuple[str, ...] = (),
    exclusive: tuple[tuple[str, str], ...] = (),
    choices: tuple[str, ...] = (),
) -> Callable[[type], type]:
    """Make a class describe a child element that is not a policy itself."""
    return policy(name, sections=ANYWHERE, alternatives=alternatives, exclusive=exclusive, choices=choices)


def specification(cls: type) -> Specification:
    """The specification of a class marked with `policy` or `part`."""
    found = cls.__dict__.get("specification")
    assert isinstance(found, Specification), cls
    return found


__all__ = [
    "ANYWHERE",
    "SECTIONS",
    "Exchange",
    "PolicyError",
    "Services",
    "Specification",
    "Step",
    "child",
    "child_texts",
    "children",
    "content",
    "expression_attribute",
    "literal_attribute",
    "part",
    "policies",
    "policy",
    "postponed_attribute",
    "specification",
]
