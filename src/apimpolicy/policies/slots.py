"""The slots of a policy: the attributes, texts and children of its element, declared as fields of its class."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec

from apimpolicy.policies.conversions import BLANKS, text
from apimpolicy.records import Record, keyword

if TYPE_CHECKING:
    from apimpolicy.policies.ranges import Range

P = ParamSpec("P")


class AttributeSlot(Record):
    """An attribute in which the gateway evaluates no expression; `convert` makes its text what the policy wants.

    `values` are the literals allowed. A required attribute must not be blank in a saved document, unless it
    `may_be_empty`. `validated`: a gateway was seen to refuse the empty value of an expression too. `sets` is the
    type of the variable that it names, where the policy always sets it. `within` are the bounds of a number, `doubt`
    is what the sources disagree about (`policies.traits.DOUBTS`), and `refers` the kind of resource of the service that
    a literal names: `backends`. `field` is the name in the class of the policy.
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
    expression = False
    """True for one that may be an expression."""
    postponed = False
    """True for one whose value is a function, which evaluates it anew with each call."""

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
    """An attribute that may be an expression, evaluated whenever the policy calls it: a function without parameters."""

    postponed = True


class ContentSlot(Record):
    """The element's own text, or the texts of its children named `child`, evaluated and converted.

    `markup` means that elements among the element's own text are part of it; `filled`, that an empty text is refused;
    `required`, that there is at least one child.
    """

    child: str | None
    convert: Callable[[Any], Any] = text
    required: bool = keyword(default=False, kw_only=True)
    markup: bool = keyword(default=False, kw_only=True)
    filled: bool = keyword(default=False, kw_only=True)
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
    about their place among the others.
    """

    part: type | None = None
    known: tuple[str, ...] = keyword(default=(), kw_only=True)
    required: bool = keyword(default=False, kw_only=True)
    single: bool = keyword(default=False, kw_only=True)
    most: int | None = keyword(default=None, kw_only=True)
    anywhere: bool = keyword(default=False, kw_only=True)
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
    """Describe a child element of which there is at most one: a `Step` or None."""
    return ChildrenSlot(part, required=required, single=True, anywhere=anywhere)


def policies(*known: str) -> Any:
    """Describe the policies inside, to be run with `exchange.execute`: a list of `Step`. `known` limits which."""
    return ChildrenSlot(known=known)
