"""The state that expressions of one request see: the request, the response, variables, and entities.

Policies change it (`effects`); what has not been changed is an input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import inputs as patterns
from apimpolicy.concolic import solver
from apimpolicy.concolic.symbolic_json import OBJECT, SymbolicJson
from apimpolicy.concolic.values import ConcolicValue, Unsupported
from apimpolicy.context.tokens import parse_jwt

if TYPE_CHECKING:
    from apimpolicy.binding import nodes
    from apimpolicy.concolic.inputs import Inputs
    from apimpolicy.concolic.path import Path
    from apimpolicy.concolic.solver import Term
    from apimpolicy.scenarios.assignments import Key

_inside: dict[int, tuple[nodes.Bound, set[int]]] = {}
_MOST_INSIDE = 5000


_PATTERNS = {"query": patterns.ANY, "matched": patterns.PARAMETER, "claim": patterns.LABEL}


class Fields:
    """Headers, parameters of a query, matched parameters: names to texts. `set` are those that policies changed."""

    __slots__ = ("folds", "inputs", "is_given", "key", "set", "unsupported")

    def __init__(self, inputs: Inputs, key: Key, *, folds: bool = True, is_given: bool = True) -> None:
        self.inputs = inputs
        self.key = key
        self.folds = folds
        self.is_given = is_given
        """True if fields may be present that no policy has set."""
        self.set: dict[str, ConcolicValue | None] = {}
        self.unsupported: Unsupported | None = None

    def name(self, name: str) -> str:
        return name.lower() if self.folds else name

    def is_known(self, name: str) -> bool:
        """Return whether a policy has set or deleted a field."""
        return self.name(name) in self.set or not self.is_given

    def there(self, name: str) -> Term:
        """Return whether a field is present."""
        if self.is_known(name):
            return solver.constant(self.set.get(self.name(name)) is not None)
        return self.inputs.bool_var(*self.key, self.name(name), "there")

    def value(self, name: str) -> ConcolicValue:
        """Return the joined values of a field that is present."""
        if self.is_known(name):
            return self.set.get(self.name(name)) or ConcolicValue(None)
        pattern = _PATTERNS.get(self.key[-1], patterns.FIELD)
        return ConcolicValue(term=self.inputs.string_var(*self.key, self.name(name), default="x", pattern=pattern))


class Body:
    """The body of a message: an input, or what a policy set. `is_read`: what it had was used up."""

    __slots__ = ("inputs", "is_read", "key", "set", "unsupported")

    def __init__(self, inputs: Inputs, key: Key, set: ConcolicValue | None = None) -> None:
        self.unsupported: Unsupported | None = None
        self.inputs = inputs
        self.key = key
        self.set = set
        self.is_read = False

    @property
    def is_json(self) -> Term:
        """Return whether the body of an input is JSON; otherwise it is text."""
        return self.inputs.bool_var(*self.key, "json")

    @property
    def text(self) -> Term:
        if self.key == ("body",):  # without content there is no body
            return self.inputs.string_var(*self.key, "text", default="x", pattern=patterns.SOME)
        return self.inputs.string_var(*self.key, "text", default="", pattern=patterns.ANY)

    @property
    def tree(self) -> SymbolicJson:
        return SymbolicJson(self.inputs, (*self.key, "tree"), is_token=True, default=OBJECT)


class Message:
    """A request or a response."""

    __slots__ = ("body", "headers", "key", "method", "reason", "status", "url_unsupported")

    def __init__(self, inputs: Inputs, key: Key, *, is_given: bool = True) -> None:
        self.key = key
        self.headers = Fields(inputs, (*key, "header"), is_given=is_given)
        self.body = Body(inputs, (*key, "body"))
        self.method: ConcolicValue | None = None
        self.status: ConcolicValue | None = None
        self.reason: ConcolicValue | None = None
        self.url_unsupported: Unsupported | None = None

    def snapshot(self) -> Message:
        """Return a copy that later policies don't change."""
        made = Message(self.headers.inputs, self.key, is_given=self.headers.is_given)
        made.headers.set, made.headers.unsupported = dict(self.headers.set), self.headers.unsupported
        made.body.set, made.body.is_read = self.body.set, self.body.is_read
        made.method, made.status, made.reason, made.url_unsupported = (
            self.method,
            self.status,
            self.reason,
            self.url_unsupported,
        )
        return made


class State:
    """All that one run has changed."""

    def __init__(self, inputs: Inputs, path: Path) -> None:
        self.inputs = inputs
        self.path = path
        self.request = Message(inputs, ())
        self.responses: dict[int, tuple[object, Message]] = {}
        self.forwarded: list[Message] = []
        """The requests that were sent to the backend, as they were then."""
        self.variables: dict[str, ConcolicValue] = {}
        self.start: dict[str, object] = {}
        """The values with which variables began."""
        self.last_error: dict[str, ConcolicValue] = {}
        """The parts of an error that are inputs: those of a double's."""
        self.cache_keys: dict[str, str] = {}
        """The keys that were looked up, and how they came about."""
        self.error_status: ConcolicValue | None = None
        """The status of the response to an error, where that is an input."""
        self.stored: dict[str, ConcolicValue] = {}
        """The cache entries that this request has stored, by key."""
        self.provider: str | None = None
        """The provider of the token that was made for the request."""
        self.draws = 0
        """The number of random numbers drawn."""
        self.guids = 0
        """The number of GUIDs created."""
        self.answers = 0
        """The number of backend responses so far."""
        self.sent = 0
        self.cached = 0
        self.keeps: list[object] = []
        """Objects that are identified by `id`, kept alive so that their ids stay unique."""

    def response(self, message: object) -> Message:
        """Return the state of a response; nothing of one that the gateway made is an input."""
        known = self.responses.get(id(message))
        if known is None:
            known = (message, Message(self.inputs, ("own",), is_given=False))
            known[1].status, self.error_status = self.error_status, None
            self.responses[id(message)] = known
        return known[1]

    def answered(self, message: object, key: Key) -> Message:
        """Add a response from outside: its parts are inputs."""
        made = Message(self.inputs, key)
        self.responses[id(message)] = (message, made)
        return made

    def variable(self, name: str) -> SymbolicJson:
        """Return a variable that wider scopes may have set."""
        return SymbolicJson(self.inputs, ("variable", name), is_token=False)

    def given(self, name: str) -> object:
        """Return the value that a wider scope gave a variable in this run."""
        value = self.start.get(name)
        if isinstance(value, str) and value.startswith("@("):
            return parse_jwt(value.partition('"')[2].partition('"')[0])
        return value

    def has_variable(self, name: str) -> Term:
        """Return whether a wider scope has set a variable."""
        if "variable" in self.inputs.fixed and name not in self.start:
            return solver.FALSE
        return self.inputs.bool_var("variable", name, "there")

    def nodes_inside(self, node: nodes.Bound) -> set[int]:
        """Return the identities of all nodes in a node."""
        known = _inside.get(id(node))
        if known is not None and known[0] is node:
            return known[1]
        found: set[int] = set()
        waiting: list[nodes.Bound] = [node]
        while waiting:
            each = waiting.pop()
            found.add(id(each))
            waiting.extend(each.children())
        if len(_inside) > _MOST_INSIDE:
            _inside.clear()
        _inside[id(node)] = node, found
        return found
