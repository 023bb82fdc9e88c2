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

from typing import TYPE_CHECKING, Any, Protocol

from apimpolicy.policies.conversions import text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping, Sequence

    from apimpolicy.context.execution import LastError
    from apimpolicy.context.messages import RequestMessage, ResponseMessage
    from apimpolicy.context.records import Request, Response
    from apimpolicy.policies.effects import Effect
    from apimpolicy.text.document import Element

SECTIONS = ("inbound", "backend", "outbound", "on-error")
ANYWHERE = "inbound backend outbound on-error"


class AttributeSlot:
    """An attribute. `values` are the literals allowed; `expression` says whether an expression is."""

    __slots__ = ("convert", "default", "expression", "field", "name", "required", "values")

    def __init__(
        self,
        convert: Callable[[Any], Any],
        name: str,
        required: bool,
        default: object,
        values: tuple[str, ...],
        expression: bool,
    ) -> None:
        self.field = ""
        self.name = name
        self.convert = convert
        self.required = required
        self.default = default
        self.values = values
        self.expression = expression

    def __set_name__(self, owner: type, field: str) -> None:
        self.field = field
        self.name = self.name or field.rstrip("_").replace("_", "-")


class ContentSlot:
    """The element's own text, or the texts of its children of one name, evaluated and converted.

    `markup` says that elements among the element's own text are part of it.
    """

    __slots__ = ("child", "convert", "expression", "field", "markup", "required")

    def __init__(self, child: str | None, convert: Callable[[Any], Any], required: bool, markup: bool = False) -> None:
        self.markup = markup
        self.field = ""
        self.child = child
        self.convert = convert
        self.required = required
        self.expression = True

    def __set_name__(self, owner: type, field: str) -> None:
        self.field = field


class ChildrenSlot:
    """Child elements with a specification of their own, not evaluated yet; `name` None stands for any policies.

    `known` are the names of policies allowed as children when not all are.
    """

    __slots__ = ("field", "known", "name", "part", "required", "single")

    def __init__(
        self, name: str | None, part: type | None, required: bool, single: bool, known: tuple[str, ...] = ()
    ) -> None:
        self.field = ""
        self.name = name
        self.part = part
        self.required = required
        self.single = single
        self.known = known

    def __set_name__(self, owner: type, field: str) -> None:
        self.field = field


def expression_attribute(
    convert: Callable[[Any], Any] = text,
    *,
    name: str = "",
    required: bool = False,
    default: object = None,
    values: tuple[str, ...] = (),
) -> Any:
    """An attribute that may be an expression; `convert` makes its value what the policy wants."""
    return AttributeSlot(convert, name, required, default, values, True)


def literal_attribute(
    convert: Callable[[Any], Any] = text,
    *,
    name: str = "",
    required: bool = False,
    default: object = None,
    values: tuple[str, ...] = (),
) -> Any:
    """An attribute in which the gateway evaluates no expression."""
    return AttributeSlot(convert, name, required, default, values, False)


def child_texts(name: str, convert: Callable[[Any], Any] = text, *, required: bool = False) -> Any:
    """The contents of the child elements of that name, each a text or an expression: a list."""
    return ContentSlot(name, convert, required)


def content(convert: Callable[[Any], Any] = text, *, markup: bool = False) -> Any:
    """The element's own content, a text or an expression; with `markup` elements in it are part of the text."""
    return ContentSlot(None, convert, False, markup)


def children(part: type, *, required: bool = False) -> Any:
    """The child elements that a class marked with `part` describes: a list of `Step`, evaluated when entered."""
    return ChildrenSlot(specification(part).name, part, required, False)


def child(part: type) -> Any:
    """At most one child element that a class marked with `part` describes: a `Step` or None."""
    return ChildrenSlot(specification(part).name, part, False, True)


def policies(*known: str) -> Any:
    """The policies inside, to be run with `exchange.execute`: a list of `Step`. `known` limits which."""
    return ChildrenSlot(None, None, False, False, known)


class Specification:
    """What is known of an element: name, sections, and what it takes."""

    __slots__ = ("attributes", "children", "cls", "contents", "name", "sections")

    def __init__(self, name: str, sections: frozenset[str], cls: type) -> None:
        self.name = name
        self.sections = sections
        self.cls = cls
        self.attributes: list[AttributeSlot] = []
        self.contents: list[ContentSlot] = []
        self.children: list[ChildrenSlot] = []
        for slot in vars(cls).values():
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
    def holds_policies(self) -> bool:
        """Whether its child elements are policies."""
        return any(slot.part is None for slot in self.children)

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


def policy(name: str, *, sections: str) -> Callable[[type], type]:
    """Make a class the behaviour of the policy of that name; `sections` are where the gateway allows it."""

    def mark(cls: type) -> type:
        cls.specification = Specification(name, frozenset(sections.split()), cls)  # type: ignore[attr-defined]
        return cls

    return mark


def part(name: str) -> Callable[[type], type]:
    """Make a class describe a child element that is not a policy itself."""
    return policy(name, sections=ANYWHERE)


def specification(cls: type) -> Specification:
    """The specification of a class marked with `policy` or `part`."""
    found = cls.__dict__.get("specification")
    assert isinstance(found, Specification), cls
    return found


class Step(Protocol):
    """A policy or a part of one in a document, not evaluated yet."""

    @property
    def name(self) -> str:
        """The element's name."""

    @property
    def element(self) -> Element:
        """Where it stands."""

    @property
    def scope(self) -> str:
        """The scope of the document that it stands in, `global` to `operation`."""


class Exchange(Protocol):
    """One request on its way through the gateway, as policies see it. Texts are .NET strings."""

    response: ResponseMessage
    path_is_rewritten: bool

    @property
    def request(self) -> RequestMessage:
        """The request."""

    @property
    def variables(self) -> MutableMapping[str, object]:
        """`context.Variables`; values are boxed."""

    @property
    def backend_url(self) -> str | None:
        """The base URL that set-backend-service set, if it did."""

    @property
    def backend_id(self) -> str | None:
        """The id of the backend that set-backend-service set, if it did."""

    @property
    def backend_scope(self) -> str | None:
        """The scope of the set-backend-service that counts."""

    def set_backend(self, url: str, backend_id: str | None) -> None:
        """Forward to this base URL from here on."""

    @property
    def services(self) -> Services:
        """What reaches beyond the request."""

    @property
    def section(self) -> str:
        """The section that runs: `inbound`, `backend`, `outbound` or `on-error`."""

    @property
    def scope(self) -> str:
        """The scope of the document that the running policy stands in."""

    @property
    def message(self) -> RequestMessage | ResponseMessage:
        """The message that a policy changes here: in inbound and backend the request, after that the response; inside
        a policy that composes a response, that one.
        """

    @property
    def changes_request(self) -> bool:
        """Whether `message` is the request."""

    @property
    def reply(self) -> ResponseMessage:
        """The response: the exchange's, or the one that is being composed."""

    @property
    def url_template(self) -> str:
        """The URL template of the operation, empty when there is no operation."""

    def execute(self, steps: Sequence[Step]) -> None:
        """Run policies one after another until the end or until one of them ends the pipeline."""

    def evaluate(self, step: Step) -> Any:
        """Evaluate a part of a policy: an instance of its class. It becomes an entry of the trace."""

    def note(self, effect: Effect, step: Step | None = None) -> None:
        """Write to the trace what the running policy did, or what a step evaluated before came to."""

    def inserted(self) -> Sequence[Step]:
        """What stands in the place of the running policy: the wider scope's policies, or a fragment's."""

    def compose(self, steps: Sequence[Step], response: ResponseMessage) -> None:
        """Run policies that change this response instead of the exchange's own."""

    def end(self, response: ResponseMessage) -> None:
        """End the pipeline: this is what the caller gets."""

    def forward(self, timeout: float) -> tuple[Request, Response]:
        """Send the request to the backend; what was sent and what came back, which is now the response. `timeout` is
        in seconds. Raises PolicyError.
        """


class Services(Protocol):
    """What policies reach beyond the request; every one is an input of the simulated gateway."""

    @property
    def backends(self) -> Mapping[str, str]:
        """The URLs of the backends by id."""

    @property
    def allows_new_body(self) -> bool:
        """Whether set-body may give a body to a message that has none."""


class PolicyError(Exception):
    """A policy refuses: becomes `context.LastError`, and on-error runs.

    `reason` and `message` are the gateway's own words; a reason that no document states is None. `status` is what the
    caller gets when on-error decides nothing else; at 500 the body does not show the message, as on the real gateway.
    `response` is what the caller gets instead of the default answer. The engine sets `last_error`.
    """

    def __init__(
        self, reason: str | None, message: str, status: int = 500, response: ResponseMessage | None = None
    ) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message
        self.status = status
        self.response = response
        self.last_error: LastError | None = None


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
    "specification",
]
