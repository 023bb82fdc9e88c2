"""The description of a service by a folder, a configuration or infrastructure code, as plain data.

    service = ServiceDescription("extracted")
    file = "apis/orders/apiInformation.json"
    service.apis.append(ApiDescription("orders", FileLocation(file), path=Sourced("orders")))
    service.problems.append(Problem("the path is taken", FileLocation(file, 4)))

Readers fill the lists and never raise for what is wrong in a file: they add a `Problem` and leave that part out.
Nothing is checked here: ids may be doubled, references may lead nowhere. `repair` finds that, `stand_ins` fills what is
missing, and `building` makes the service of the engine.

A field has a value, or is a `Hole` (it has one that isn't known: a Terraform variable without a default, a pipeline's
token), or is missing (`value` is None: nothing is written, so that Azure's default applies).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import attrs

from apimpolicy.diagnostics import Severity
from apimpolicy.project.files import read_data, source_of
from apimpolicy.project.layout import Place
from apimpolicy.text.source import CLOSE, OPEN

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.backends import Backend, BackendPool
    from apimpolicy.text.source import Source

T = TypeVar("T")

_TYPED = (
    *("apis", "products", "subscriptions", "backends", "named-values", "fragments", "loggers", "certificates"),
    *("version-sets", "workspaces"),
)
"""Kinds of resources with a list of their own."""


OPERATIONS = "operations"
"""The kind of operations in gaps, whose names are `api/operation`."""


class FileLocation(NamedTuple):
    """A place in a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.file else ""

    def offset_in(self, source: Source) -> int:
        """Return the offset of the place in the text of its file."""
        return min(source.line_starts[self.line - 1] + self.column - 1, len(source.text))


NOWHERE = FileLocation("", 0, 0)
"""The origin of what is written nowhere, as a default is."""


@attrs.frozen
class Hole:
    """A value that isn't known, with its source text; equal texts are the same value."""

    text: str


@attrs.frozen
class Sourced(Generic[T]):
    """A value with its origin; equal values are equal wherever they are written."""

    value: T | Hole | None = None
    origin: FileLocation = attrs.field(default=NOWHERE, eq=False)

    @property
    def is_missing(self) -> bool:
        return self.value is None

    @property
    def hole(self) -> Hole | None:
        return self.value if isinstance(self.value, Hole) else None

    @property
    def known(self) -> T | None:
        return None if isinstance(self.value, Hole) else self.value

    def text(self) -> str:
        """Return the value, or the text of the hole, for messages."""
        return self.value.text if isinstance(self.value, Hole) else str(self.value)


@attrs.frozen
class PolicyText:
    """A policy document: the file `path`, or `source`, a text with the way back to the file that it is written in.

    A source can have holes (`text.source`). Of a policy that isn't known there is only the reason, `unknown`: its
    source includes a fragment that may do anything, around a `<base />` that may be missing (`unknown_policies`).
    """

    origin: FileLocation
    path: str | None = None
    source: Source | None = None
    unknown: str = ""
    form: str = ""
    """The format in which Azure gets the document: `xml`, or else `rawxml`."""
    is_conditional: bool = False
    """True for one that is inside of a condition here, because it isn't known whether it is deployed."""

    def read(self) -> Source:
        """Read the document. Raises ConfigurationError."""
        return self.source or source_of(*read_data(self.path or ""))[0]


@attrs.frozen
class ApiFile:
    """An OpenAPI, WSDL or GraphQL document: the file `path`, or its `text`; of neither only `url` is known."""

    format: str
    """`openapi`, `wsdl` or `graphql`."""
    origin: FileLocation
    path: str | None = None
    text: str | None = None
    url: str | None = None


@attrs.define(eq=False)
class ParameterDescription:
    """A parameter of an operation, in the template, in the query or in a header."""

    name: str
    origin: FileLocation
    place: str = "template"
    """`template`, `query` or `header`."""
    type: Sourced[str] = Sourced()
    required: Sourced[bool] = Sourced()
    description: Sourced[str] = Sourced()


@attrs.define(eq=False)
class OperationDescription:
    """An operation. Without method and template it is one that the API's file describes, and has only a policy."""

    id: str
    origin: FileLocation
    name: Sourced[str] = Sourced()
    method: Sourced[str] = Sourced()
    template: Sourced[str] = Sourced()
    parameters: list[ParameterDescription] = attrs.field(factory=list)
    bodies: list[tuple[str, str]] = attrs.field(factory=list)
    """The media type and the definition, empty without one, of each representation of the request."""
    policy: PolicyText | None = None


@attrs.define(eq=False)
class ToolDescription:
    """A tool of an MCP server; `api` and `operation` are ids."""

    name: Sourced[str]
    origin: FileLocation
    api: Sourced[str] = Sourced()
    operation: Sourced[str] = Sourced()
    description: Sourced[str] = Sourced()
    has_revision: bool = False
    """True if the written id names a revision, which Azure doesn't find."""

    @property
    def id(self) -> str:
        return self.name.text()


@attrs.define(eq=False)
class ApiDescription:
    """An API, or one revision of it (`orders;rev=2`)."""

    id: str
    origin: FileLocation
    name: Sourced[str] = Sourced()
    path: Sourced[str] = Sourced()
    protocols: Sourced[tuple[str, ...]] = Sourced()
    service_url: Sourced[str] = Sourced()
    kind: Sourced[str] = Sourced()
    revision: Sourced[str] = Sourced()
    is_current: Sourced[bool] = Sourced()
    version: Sourced[str] = Sourced()
    version_set: Sourced[str] = Sourced()
    """The id of a version set."""
    subscription_required: Sourced[bool] = Sourced()
    key_header: Sourced[str] = Sourced()
    key_query: Sourced[str] = Sourced()
    policy: PolicyText | None = None
    operations: list[OperationDescription] = attrs.field(factory=list)
    files: list[ApiFile] = attrs.field(factory=list)
    definitions: dict[str, Any] = attrs.field(factory=dict)
    """Schemas by name, of representations of operations."""
    tools: list[ToolDescription] = attrs.field(factory=list)
    """The tools of an MCP server."""
    tool_gaps: list[str] = attrs.field(factory=list)
    """Why the server may have more tools."""
    backend: Sourced[str] = Sourced()
    """The id of the backend of an MCP server that exists elsewhere."""
    endpoint: Sourced[str] = Sourced()
    """The path of such a server's endpoint, below its own."""
    workspace: str | None = None

    @property
    def is_server(self) -> bool:
        return (self.kind.known or "").lower() == "mcp"

    @property
    def has_tools(self) -> bool:
        return bool(self.tools or self.tool_gaps)

    @property
    def has_backend(self) -> bool:
        return not (self.backend.is_missing and self.service_url.is_missing)


@attrs.define(eq=False)
class VersionSetDescription:
    """A version set; `scheme` is Azure's word: `Segment`, `Header` or `Query`."""

    id: str
    origin: FileLocation
    scheme: Sourced[str] = Sourced()
    header: Sourced[str] = Sourced()
    query: Sourced[str] = Sourced()
    workspace: str | None = None


@attrs.define(eq=False)
class ProductDescription:
    """A product; `apis` and `groups` are ids, each with the place of the link."""

    id: str
    origin: FileLocation
    name: Sourced[str] = Sourced()
    is_published: Sourced[bool] = Sourced()
    subscription_required: Sourced[bool] = Sourced()
    approval_required: Sourced[bool] = Sourced()
    subscriptions_limit: Sourced[int] = Sourced()
    apis: list[Sourced[str]] = attrs.field(factory=list)
    groups: list[Sourced[str]] = attrs.field(factory=list)
    policy: PolicyText | None = None
    workspace: str | None = None


@attrs.define(eq=False)
class SubscriptionDescription:
    """A subscription; `scope` is written as Azure does (`/products/starter`), `owner` is a user's id."""

    id: str
    origin: FileLocation
    name: Sourced[str] = Sourced()
    scope: Sourced[str] = Sourced()
    state: Sourced[str] = Sourced()
    owner: Sourced[str] = Sourced()
    primary_key: Sourced[str] = Sourced()
    secondary_key: Sourced[str] = Sourced()
    allow_tracing: Sourced[bool] = Sourced()
    workspace: str | None = None


@attrs.define(eq=False)
class BackendDescription:
    """A backend: `backend` is what the engine takes, and None where the URL isn't known."""

    id: str
    origin: FileLocation
    url: Sourced[str] = Sourced()
    backend: Backend | BackendPool | None = None
    workspace: str | None = None


@attrs.define(eq=False)
class NamedValueDescription:
    """A named value; policies use its display name, `name`, or its id where that is missing."""

    id: str
    origin: FileLocation
    name: Sourced[str] = Sourced()
    value: Sourced[str] = Sourced()
    is_secret: Sourced[bool] = Sourced()
    key_vault: Sourced[str] = Sourced()
    """The URL of a secret in Key Vault."""
    workspace: str | None = None
    is_made_up: bool = False
    """True for what represents an unknown value of infrastructure code; the service has no such named value."""

    @property
    def display_name(self) -> str:
        return self.name.known or self.id


@attrs.define(eq=False)
class FragmentDescription:
    id: str
    origin: FileLocation
    policy: PolicyText | None = None
    workspace: str | None = None


@attrs.define(eq=False)
class LoggerDescription:
    """A logger; `kind` is Azure's word: `azureEventHub`, `applicationInsights`, `azureMonitor`."""

    id: str
    origin: FileLocation
    kind: Sourced[str] = Sourced()
    workspace: str | None = None


@attrs.define(eq=False)
class CertificateDescription:
    """An uploaded certificate, or one in Key Vault; its content is rarely written anywhere."""

    id: str
    origin: FileLocation
    path: Sourced[str] = Sourced()
    key_vault: Sourced[str] = Sourced()


@attrs.define(eq=False)
class IdentityDescription:
    """A managed identity of the service: `system-assigned`, or the client id of a user-assigned one."""

    id: str
    origin: FileLocation
    client_id: Sourced[str] = Sourced()


@attrs.define(eq=False)
class WorkspaceDescription:
    id: str
    origin: FileLocation
    name: Sourced[str] = Sourced()
    policy: PolicyText | None = None


class TagLink(NamedTuple):
    """A tag of an API, or of one of its operations; all three are ids."""

    tag: Sourced[str]
    api: str
    operation: str = ""


@attrs.frozen
class OtherResource:
    """A resource of any kind that the gateway needs nothing of but its id."""

    kind: str
    """An id of `resource_kinds.KINDS`, or `authorizations`."""
    id: str
    origin: FileLocation
    workspace: str | None = None
    within: str = ""
    """The id of the resource that it is a part of: of the authorization provider."""
    is_described: bool = True
    """False for an empty folder, and for what only an overlay names."""

    @property
    def name(self) -> Sourced[str]:
        return Sourced()

    @property
    def display_name(self) -> str:
        return self.id


@attrs.frozen
class EntityReference:
    """A reference to a resource in the description of another one.

    A named value is referred to by its display name. `is_certain`: Azure refuses the description without the resource.
    """

    kind: str
    name: str
    origin: FileLocation
    workspace: str | None = None
    is_certain: bool = True


@attrs.frozen
class Problem:
    """Something wrong in a service that disables a part of it, in the user's terms.

    `part` names what is left out (`the API 'orders'`, `the policy of the product 'starter'`), `help` what to do.
    """

    message: str
    origin: FileLocation
    part: str = ""
    help: str = ""
    api: str | None = None
    severity: Severity = Severity.ERROR
    missing: tuple[str, str] | None = None
    """The kind and the name of a resource that is referred to and isn't there."""

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.origin}: " if self.origin.file else ""
        return f"{place}{self.message}{'. ' if self.help else ''}{self.help}"


class Gap(NamedTuple):
    """A reason why a service may have more resources than are described.

    `kind` is empty for every kind. `name` is the name that they have, in which parts may be unknown
    (`infrastructure.values`); empty for any name.
    """

    reason: str
    origin: FileLocation
    kind: str = ""
    name: str = ""

    @property
    def has_pattern(self) -> bool:
        """Return whether a part of the name is known, and a part isn't."""
        return OPEN in self.name and not (self.name.startswith(OPEN) and self.name.find(CLOSE) == len(self.name) - 1)

    def covers(self, kind: str, names: Iterable[str]) -> bool:
        """Return whether a resource of a kind, with one of these names, may be among them."""
        if self.kind not in ("", kind):
            return False
        if not self.name:
            return True
        from apimpolicy.project.infrastructure.values import can_equal

        own = self.name.lower()
        return any(own == name.lower() or (OPEN in own and can_equal(own, name.lower())) for name in names)

    def text(self, folder: str) -> str:
        """Return the reason with its place, from a folder."""
        if not os.path.isfile(self.origin.file):
            return self.reason
        return f"{self.reason} ({self.origin._replace(file=os.path.relpath(self.origin.file, folder))})"


@attrs.define(eq=False)
class ServiceDescription:
    """A whole service; `place` is the folder or the file that it was read from, for messages.

    Of each kind the description has all resources, or some: `gaps` are the reasons (`gap`).
    """

    place: str
    apis: list[ApiDescription] = attrs.field(factory=list)
    version_sets: list[VersionSetDescription] = attrs.field(factory=list)
    products: list[ProductDescription] = attrs.field(factory=list)
    subscriptions: list[SubscriptionDescription] = attrs.field(factory=list)
    backends: list[BackendDescription] = attrs.field(factory=list)
    named_values: list[NamedValueDescription] = attrs.field(factory=list)
    fragments: list[FragmentDescription] = attrs.field(factory=list)
    loggers: list[LoggerDescription] = attrs.field(factory=list)
    certificates: list[CertificateDescription] = attrs.field(factory=list)
    identities: list[IdentityDescription] = attrs.field(factory=list)
    workspaces: list[WorkspaceDescription] = attrs.field(factory=list)
    others: list[OtherResource] = attrs.field(factory=list)
    """Resources of further kinds, and those of which only the id is known."""
    tags: list[TagLink] = attrs.field(factory=list)
    """The tags of APIs and operations."""
    references: list[EntityReference] = attrs.field(factory=list)
    gaps: list[Gap] = attrs.field(factory=list)
    read: frozenset[str] = frozenset()
    """The files of the code that were read."""
    hosts: list[Sourced[str]] = attrs.field(factory=list)
    """Host names of the gateway, as custom domains."""
    logged_responses: list[FileLocation] = attrs.field(factory=list)
    """Diagnostics of all APIs that log the bodies of responses to callers."""
    sku: Sourced[str] = Sourced()
    """The SKU, which has the tier: `Developer_1` in Terraform, `Developer` elsewhere."""
    policy: PolicyText | None = None
    problems: list[Problem] = attrs.field(factory=list)

    def resources(self, kind: str) -> list[Any]:
        typed = getattr(self, kind.replace("-", "_"), ()) if kind in _TYPED else ()
        return [*typed, *(each for each in self.others if each.kind == kind)]

    def gap(self, kind: str, *names: str) -> Gap | None:
        """Return why a resource of a kind may exist that isn't described, with one of these names; None if none may."""
        return next((each for each in self.gaps if each.covers(kind, names)), None)

    def policies(self) -> Iterator[tuple[Place, PolicyText]]:
        found = [(Place("global"), self.policy)]
        found += ((Place("workspace", workspace=each.id), each.policy) for each in self.workspaces)
        found += ((Place("product", workspace=each.workspace), each.policy) for each in self.products)
        found += ((Place(fragment=each.id, workspace=each.workspace), each.policy) for each in self.fragments)
        for api in self.apis:
            found.append((Place("api", workspace=api.workspace, api=api.id), api.policy))
            for each in api.operations:
                found.append((Place("operation", workspace=api.workspace, api=api.id, operation=each.id), each.policy))
        return ((place, policy) for place, policy in found if policy is not None)

    def api(self, id_: str) -> ApiDescription | None:
        """Return the first API with an id; ids ignore case."""
        return self._by_id(self.apis).get(id_.lower())

    def product(self, id_: str) -> ProductDescription | None:
        return self._by_id(self.products).get(id_.lower())

    @staticmethod
    def _by_id(entities: list[T]) -> Mapping[str, T]:
        found: dict[str, T] = {}
        for each in entities:
            found.setdefault(each.id.lower(), each)  # type: ignore[attr-defined]
        return found
