"""The specification of a policy, declared at the class that runs it, with slots for attributes, texts and children.

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

from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

from apimpolicy.gateway.policies.conversions import BLANKS, Range, text
from apimpolicy.gateway.policies.placement import EVERYWHERE, Placement
from apimpolicy.gateway.policies.placement import SECTIONS as SECTIONS
from apimpolicy.gateway.policies.surroundings import PolicyError as PolicyError
from apimpolicy.gateway.policies.surroundings import PolicyExchange as PolicyExchange
from apimpolicy.gateway.policies.surroundings import PolicyStep as PolicyStep
from apimpolicy.gateway.policies.surroundings import azure_error as azure_error
from apimpolicy.records import Record, keyword

P = ParamSpec("P")


FAILURES = {"before": "error", "run": "error", "response": "error", "end": "ignored"}
"""When an expression of an attribute is evaluated, and what happens where it throws.

`before` the policy runs; while it `run`s, each time it asks; when the `response` of the backend comes, if it does; at
the `end`, after all policies, whatever came of the request. The engine refuses to evaluate a slot at another time, and
proofs evaluate it at these.
"""


class AttributeSlot(Record):
    """An attribute in which the gateway evaluates no expression; `convert` makes its text what the policy wants.

    `values` are the literals allowed. A required attribute must not be blank in a saved document, unless it
    `may_be_empty`. `validated`: a gateway was seen to refuse the empty value of an expression too. `sets` is the
    type of the variable that it names, where the policy always sets it. `within` are the bounds of a number, `doubt`
    is what the sources disagree about (`policies.traits.DOUBTS`), and `refers` the kind of resource of the service that
    a literal names: `backends`. `field` is the name in the class of the policy. `evaluated` is when its expression is:
    words of `FAILURES`.
    """

    convert: Callable[[Any], Any] = text
    name: str = keyword(default="", kw_only=True)
    required: bool = keyword(default=False, kw_only=True)
    default: object = keyword(default=None, kw_only=True)
    values: tuple[str, ...] = keyword(default=(), kw_only=True)
    may_be_empty: bool = keyword(default=False, kw_only=True)
    validated: bool = keyword(default=False, kw_only=True)
    sets: str | None = keyword(default=None, kw_only=True)
    within: Range | None = keyword(default=None, kw_only=True)
    doubt: str = keyword(default="", kw_only=True)
    refers: str = keyword(default="", kw_only=True)
    field: str = keyword(default="", kw_only=True)
    evaluated: tuple[str, ...] = keyword(default=("before",), kw_only=True)
    expression = False
    """True for one that may be an expression."""

    def __set_name__(self, owner: type, field: str) -> None:
        self.field = field
        self.name = self.name or field.rstrip("_").replace("_", "-")

    @property
    def doubts(self) -> frozenset[str]:
        return frozenset(self.doubt.split())

    @property
    def is_filled(self) -> bool:
        """Return whether the gateway refuses an empty value in a document."""
        return self.required and not self.may_be_empty

    @property
    def postponed(self) -> bool:
        """Return whether the value is a function, which evaluates the attribute anew with each call."""
        return self.evaluated != ("before",)

    def why_invalid(self, value: object) -> str:
        """Return why the gateway refuses the converted value of an expression; empty for a valid value."""
        if not isinstance(value, str):
            return ""
        if self.validated and not value.strip(BLANKS):
            return f"The {self.name} field is required."
        if self.values and value not in self.values:
            return f"'{value}' is not a value of '{self.name}'; the values are {', '.join(self.values)}."
        return ""


class ExpressionSlot(AttributeSlot):
    """An attribute that may be an expression."""

    expression = True


class PostponedSlot(ExpressionSlot):
    """An attribute that may be an expression, evaluated whenever the policy calls it: a function without parameters.

    The policy calls it at the times that are `evaluated`.
    """

    evaluated: tuple[str, ...] = keyword(default=("run",), kw_only=True)


class ContentSlot(Record):
    """The element's own text, or the texts of its children named `child`, evaluated and converted.

    `markup` means that elements among the element's own text are part of it; `filled`, that an empty text is refused;
    `required`, that there is at least one child; `literal`, that the gateway refuses an expression.
    """

    child: str | None
    convert: Callable[[Any], Any] = text
    required: bool = keyword(default=False, kw_only=True)
    markup: bool = keyword(default=False, kw_only=True)
    filled: bool = keyword(default=False, kw_only=True)
    literal: bool = keyword(default=False, kw_only=True)
    field: str = keyword(default="", kw_only=True)
    expression = True

    def __set_name__(self, owner: type, field: str) -> None:
        self.field = field

    def why_invalid(self, value: object) -> str:
        """Return nothing: no text of an element is known to be validated but by its conversion."""
        return ""


class ChildrenSlot(Record):
    """Child elements with a specification of their own, not evaluated yet.

    `part` is the class that describes them; None means any policies, or those that are `known`. `most` is how many
    there may be, and `single` means that the field is one step, or None. `anywhere` means that the sources disagree
    about their place among the others. `own` is the message of the policy's own that policies inside change, in place
    of the caller's: `request` or `response`. Variables are shared, and expressions see the caller's messages.
    """

    part: type | None = None
    known: tuple[str, ...] = keyword(default=(), kw_only=True)
    required: bool = keyword(default=False, kw_only=True)
    single: bool = keyword(default=False, kw_only=True)
    most: int | None = keyword(default=None, kw_only=True)
    anywhere: bool = keyword(default=False, kw_only=True)
    own: str = keyword(default="", kw_only=True)
    field: str = keyword(default="", kw_only=True)

    def __set_name__(self, owner: type, field: str) -> None:
        self.field = field

    @property
    def name(self) -> str | None:
        """Return the name of the elements; None for policies."""
        name: str | None = None if self.part is None else self.part.__dict__["specification"].name
        return name


def _field(slot: Callable[P, object]) -> Callable[P, Any]:
    """Let type checkers accept a slot as the value of a field of any type."""
    return slot


literal_attribute = _field(AttributeSlot)
expression_attribute = _field(ExpressionSlot)
postponed_attribute = _field(PostponedSlot)
child_texts = _field(ContentSlot)
children = _field(ChildrenSlot)


def content(convert: Callable[[Any], Any] = text, *, markup: bool = False, filled: bool = False) -> Any:
    """Describe the element's own content, a text or an expression; `markup`: elements are part of the text."""
    return ContentSlot(None, convert, markup=markup, filled=filled)


def child(part: type, *, required: bool = False, anywhere: bool = False) -> Any:
    """Describe a child element of which there is at most one: a `PolicyStep` or None."""
    return ChildrenSlot(part, required=required, single=True, anywhere=anywhere)


def policies(*known: str, own: str = "") -> Any:
    """Describe the policies inside: a list of `PolicyStep`. `known` limits which.

    Run them with `exchange.execute`; those that change a message of the policy's `own` with `compose_request` or
    `compose`.
    """
    return ChildrenSlot(known=known, own=own)


ANYWHERE = " ".join(SECTIONS)

T = TypeVar("T")


class Specification:
    """The facts of a policy, or of an element that is part of one; a decorator of its class.

    Each argument is described where it is assigned. Several words in a text are separated by blanks.
    """

    def __init__(
        self,
        name: str,
        *,
        sections: str = ANYWHERE,
        also_in: str = "",
        doubtful_in: str = "",
        placement: Placement = EVERYWHERE,
        alternatives: tuple[str, ...] = (),
        exclusive: tuple[tuple[str, str], ...] = (),
        requires: tuple[tuple[str, str], ...] = (),
        choices: tuple[str, ...] = (),
        waiver: str = "",
        choice_is_doubtful: bool = False,
        in_order: bool = False,
        order: str = "",
        same_as: str = "",
        other_half: str = "",
        left_out: str = "",
        chosen_refusal: str = "",
        traits: str = "",
        refuses_with: str = "",
        effects: str | None = None,
        access: str = "",
        traced: str = "",
        traced_error: str = "",
    ) -> None:
        self.name = name
        self.sections = frozenset(sections.split())
        self.also_in = frozenset(also_in.split())
        """Sections in which not its page but another source has it."""
        self.doubtful_in = frozenset(doubtful_in.split())
        """Sections in which its page forbids it, and deployed policies have it."""
        self.placement = placement
        """Further restrictions on its places."""
        self.alternatives = alternatives
        """Attributes of which one must be given."""
        self.exclusive = exclusive
        """Pairs of attributes that exclude each other."""
        self.requires = requires
        """Pairs of attributes of which the first needs the second."""
        self.choices = choices
        """Child elements of which one must be there."""
        self.waiver = waiver
        """The attribute with which none of the `choices` must be there."""
        self.choice_is_doubtful = choice_is_doubtful
        """A gateway saved the policy without any of the `choices`."""
        self.in_order = in_order
        """Child elements with specifications have the order of the fields."""
        self.order = tuple(order.split())
        """The order of the policies inside it."""
        self.same_as = same_as
        """The policy of which it is a second name."""
        self.other_half = other_half
        """The policy without which it has no effect."""
        self.left_out = left_out
        """The parts that are not simulated."""
        self.chosen_refusal = chosen_refusal
        """Parts of its errors that no source states, and that are our choice (`docs/choices.md`)."""
        self.refuses_with = tuple(refuses_with.split())
        """The statuses with which it refuses a request; any, where it has none and `refuses` is among its effects."""
        self.effects = None if effects is None else tuple(effects.split())
        """Its possible effects, for proofs (`policies.traits.EFFECTS`); None for anything."""
        self.traits = frozenset(traits.split()) | ({"refuses"} if self.refuses else set())
        """Facts that other rooms use, see `policies.traits.TRAITS`; `refuses` follows from the effects."""
        self.access = access
        """Its meaning for access to the backend (`policies.traits.ACCESS`); `audit` decides nothing without it."""
        self.traced = traced
        """The name of the text in the trace of a real gateway when it has run, where that was seen."""
        self.traced_error = traced_error
        """The name of the text in the trace when it has failed, if it is not the message of the error."""
        self.cls: type = object
        self.attributes: list[AttributeSlot] = []
        self.contents: list[ContentSlot] = []
        self.children: list[ChildrenSlot] = []

    def __call__(self, cls: type[T]) -> type[T]:
        """Make a class the behaviour of this policy, or the description of this part."""
        self.cls = cls
        for slot in _slots(cls):
            if isinstance(slot, AttributeSlot):
                self.attributes.append(slot)
            elif isinstance(slot, ContentSlot):
                self.contents.append(slot)
            elif isinstance(slot, ChildrenSlot):
                self.children.append(slot)
        cls.specification = self  # type: ignore[attr-defined]
        return cls

    @property
    def known_sections(self) -> frozenset[str]:
        """Return the sections in which any source has it."""
        return self.sections | self.also_in | self.doubtful_in

    @property
    def documentation(self) -> str:
        """Return the policy's page: the docstring of its module."""
        import inspect
        import sys

        return inspect.cleandoc(sys.modules[self.cls.__module__].__doc__ or "")

    @property
    def fidelity(self) -> str:
        """Return the extent of simulation: `full`, or `full, except …`."""
        return f"full, except {self.left_out}" if self.left_out else "full"

    @property
    def holds_policies(self) -> bool:
        return any(slot.part is None for slot in self.children)

    @property
    def own_children(self) -> frozenset[str]:
        names = (slot.child for slot in self.contents), (slot.name for slot in self.children if slot.part is not None)
        return frozenset(name for group in names for name in group if name is not None)

    @property
    def composes(self) -> bool:
        """Return whether the policies inside work on a message of their own, whatever the section: return-response."""
        return bool(self.own_message)

    @property
    def own_message(self) -> str:
        """Return the message of its own that policies inside change: `request`, `response` or none."""
        return next((slot.own for slot in self.children if slot.own), "")

    @property
    def refuses(self) -> bool:
        """Return whether it may refuse a request on purpose, so that the response counts as the policy's."""
        return bool(self.refuses_with) or "refuses" in (self.effects or ())

    @property
    def takes_markup(self) -> bool:
        return any(slot.markup for slot in self.contents)

    @property
    def takes_text(self) -> bool:
        return any(slot.child is None for slot in self.contents)

    def part(self, name: str) -> Specification | None:
        """Return the specification of a child element that is not a policy."""
        for slot in self.children:
            if slot.name == name and slot.part is not None:
                return specification(slot.part)
        return None

    def __repr__(self) -> str:
        return f"Specification({self.name!r})"


def _slots(cls: type) -> Iterable[object]:
    """Return the slots of a class, then those of its bases that it does not replace."""
    found: dict[str, object] = {}
    for each in cls.__mro__:
        for name, value in vars(each).items():
            found.setdefault(name, value)
    return found.values()


policy = part = Specification
"""The decorators of a policy, and of a child element that is not a policy itself."""


def specification(cls: type) -> Specification:
    found = cls.__dict__.get("specification")
    assert isinstance(found, Specification), cls
    return found
