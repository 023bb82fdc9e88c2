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
from apimpolicy.text.source import CLOSE, OPEN, Source

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.backends import Backend, BackendPool

T = TypeVar("T")

_TYPED = (
    *("apis", "products", "subscriptions", "backends", "named-values", "fragments", "loggers", "certificates"),
    *("version-sets", "workspaces"),
)
"""Kinds of resources with a list of their own."""


OPERATIONS = "operations"
"""The kind of operations in gaps, whose names are `api/operation`."""
_FOR_CALLERS = ("apis", "products", OPERATIONS)


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


class Property(NamedTuple):
    """The property of Azure that a field has: its names, with that of the block around it, and how it is read.

    The first name counts that a resource has. `reader` is a method of `fields.Fields`.
    """

    names: tuple[str, ...]
    reader: str


def _property(*names: str, read: str = "text") -> Any:
    return attrs.field(default=Sourced(), metadata={Property: Property(names, read)})


@attrs.define(eq=False)
class Described:
    """A resource of a service."""

    id: str
    origin: FileLocation
    workspace: str | None = attrs.field(default=None, kw_only=True)
    """The id of the workspace that it is in."""

    @property
    def name(self) -> Sourced[str]:
        return Sourced()

    @property
    def display_name(self) -> str:
        """The name by which policies know it."""
        return self.id

    @property
    def policy(self) -> PolicyText | None:
        return None

    @property
    def is_described(self) -> bool:
        """False for an empty folder, and for what only an overlay names."""
        return True

    @property
    def is_made_up(self) -> bool:
        """True for what represents an unknown value of infrastructure code; the service has no such resource."""
        return False


@attrs.define(eq=False)
class ParameterDescription:
    """A parameter of an operation, in the template, in the query or in a header."""

    name: str
    origin: FileLocation
    place: str = "template"
    """`template`, `query` or `header`."""
    type: Sourced[str] = _property("type")
    required: Sourced[bool] = _property("required", read="flag")
    description: Sourced[str] = _property("description")


@attrs.define(eq=False)
class OperationDescription(Described):
    """An operation. Without method and template it is one that the API's file describes, and has only a policy."""

    name: Sourced[str] = _property("displayName", read="plain_text")
    method: Sourced[str] = _property("method", read="plain_text")
    template: Sourced[str] = _property("urlTemplate", read="plain_text")
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
class ApiDescription(Described):
    """An API, or one revision of it (`orders;rev=2`)."""

    name: Sourced[str] = _property("displayName", read="plain_text")
    path: Sourced[str] = _property("path")
    protocols: Sourced[tuple[str, ...]] = _property("protocols", read="texts")
    service_url: Sourced[str] = _property("serviceUrl")
    kind: Sourced[str] = _property("type", "apiType")
    revision: Sourced[str] = _property("apiRevision")
    is_current: Sourced[bool] = _property("isCurrent", read="flag")
    version: Sourced[str] = _property("apiVersion")
    version_set: Sourced[str] = _property("apiVersionSetId", read="last_name")
    """The id of a version set."""
    subscription_required: Sourced[bool] = _property("subscriptionRequired", read="flag")
    key_header: Sourced[str] = _property("subscriptionKeyParameterNames.header")
    key_query: Sourced[str] = _property("subscriptionKeyParameterNames.query")
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
class VersionSetDescription(Described):
    """A version set; `scheme` is Azure's word: `Segment`, `Header` or `Query`."""

    scheme: Sourced[str] = _property("versioningScheme")
    header: Sourced[str] = _property("versionHeaderName")
    query: Sourced[str] = _property("versionQueryName")


@attrs.define(eq=False)
class ProductDescription(Described):
    """A product; `apis` and `groups` are ids, each with the place of the link."""

    name: Sourced[str] = _property("displayName", read="plain_text")
    is_published: Sourced[bool] = _property("state", read="published")
    subscription_required: Sourced[bool] = _property("subscriptionRequired", read="flag")
    approval_required: Sourced[bool] = _property("approvalRequired", read="flag")
    subscriptions_limit: Sourced[int] = _property("subscriptionsLimit", read="whole_number")
    apis: list[Sourced[str]] = attrs.field(factory=list)
    groups: list[Sourced[str]] = attrs.field(factory=list)
    policy: PolicyText | None = None


@attrs.define(eq=False)
class SubscriptionDescription(Described):
    """A subscription; `scope` is written as Azure does (`/products/starter`), `owner` is a user's id."""

    name: Sourced[str] = _property("displayName", read="plain_text")
    scope: Sourced[str] = _property("scope", read="scope")
    state: Sourced[str] = _property("state")
    owner: Sourced[str] = _property("ownerId", read="last_name")
    primary_key: Sourced[str] = _property("primaryKey")
    secondary_key: Sourced[str] = _property("secondaryKey")
    allow_tracing: Sourced[bool] = _property("allowTracing", read="flag")


@attrs.define(eq=False)
class BackendDescription(Described):
    """A backend: `backend` is what the engine takes, and None where the URL isn't known."""

    url: Sourced[str] = _property("url")
    backend: Backend | BackendPool | None = None


@attrs.define(eq=False)
class NamedValueDescription(Described):
    """A named value; policies use its display name, `name`, or its id where that is missing."""

    name: Sourced[str] = _property("displayName", read="plain_text")
    value: Sourced[str] = _property("value", read="plain_text")
    is_secret: Sourced[bool] = _property("secret", read="flag")
    key_vault: Sourced[str] = _property("keyVault.secretIdentifier")
    """The URL of a secret in Key Vault."""
    is_made_up: bool = False

    @property
    def display_name(self) -> str:
        return self.name.known or self.id


@attrs.define(eq=False)
class FragmentDescription(Described):
    policy: PolicyText | None = None


@attrs.define(eq=False)
class LoggerDescription(Described):
    """A logger; `kind` is Azure's word: `azureEventHub`, `applicationInsights`, `azureMonitor`."""

    kind: Sourced[str] = _property("loggerType", read="plain_text")


@attrs.define(eq=False)
class CertificateDescription(Described):
    """An uploaded certificate, or one in Key Vault; its content is rarely written anywhere."""

    key_vault: Sourced[str] = _property("keyVault.secretIdentifier")


@attrs.define(eq=False)
class WorkspaceDescription(Described):
    name: Sourced[str] = _property("displayName", read="plain_text")
    policy: PolicyText | None = None


class TagLink(NamedTuple):
    """A tag of an API, or of one of its operations; all three are ids."""

    tag: Sourced[str]
    api: str
    operation: str = ""


@attrs.define(eq=False)
class OtherResource(Described):
    """A resource of any kind that the gateway needs nothing of but its id."""

    kind: str = attrs.field(kw_only=True)
    """An id of `resource_kinds.KINDS`, or `authorizations`."""
    within: str = attrs.field(default="", kw_only=True)
    """The id of the resource that it is a part of: of the authorization provider."""
    is_described: bool = attrs.field(default=True, kw_only=True)


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

    @property
    def is_broken_reference(self) -> bool:
        """Return whether something is referred to that can't be elsewhere either."""
        return self.is_error and self.missing is not None and bool(self.origin.file)

    @property
    def leaves_out(self) -> bool:
        """Return whether a part of the service isn't described because of the problem."""
        return (self.is_error or self.missing is not None) and not self.is_broken_reference

    def __str__(self) -> str:
        place = f"{self.origin}: " if self.origin.file else ""
        return f"{place}{self.message}{'. ' if self.help else ''}{self.help}"


class Gap(NamedTuple):
    """A reason why a service may have more resources than are described.

    `kind` is empty for every kind. `name` is the name that they have, in which parts may be unknown
    (`infrastructure.values`); empty for any name. `is_assumed`: those that usually exist are described.
    """

    reason: str
    origin: FileLocation
    kind: str = ""
    name: str = ""
    is_assumed: bool = False

    @property
    def has_pattern(self) -> bool:
        """Return whether a part of the name is known, and a part isn't."""
        return OPEN in self.name and not (self.name.startswith(OPEN) and self.name.find(CLOSE) == len(self.name) - 1)

    @property
    def is_for_callers(self) -> bool:
        """Return whether callers may meet what isn't described, so far as files tell."""
        is_any = not self.kind or (self.kind in _FOR_CALLERS and (not self.name or OPEN in self.name))
        return is_any and os.path.isfile(self.origin.file)

    def covers(self, kind: str, names: Iterable[str]) -> bool:
        """Return whether a resource of a kind, with one of these names, may be among them."""
        if self.kind not in ("", kind):
            return False
        if not self.name:
            return True
        from apimpolicy.project.infrastructure.values import can_equal

        own = self.name.lower()
        return any(own == name.lower() or (OPEN in own and can_equal(own, name.lower())) for name in names)

    @property
    def api(self) -> str:
        """The id of the API, in lower case, that may be there, or may have more operations; empty without one."""
        name = self.name.lower() if self.kind in ("apis", OPERATIONS) and OPEN not in self.name else ""
        return name if self.kind == "apis" else name.rpartition("/")[0]

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
    identities: list[Described] = attrs.field(factory=list)
    """Managed identities: `system-assigned`, or the client id of a user-assigned one."""
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
        return [*self.own(kind), *(each for each in self.others if each.kind == kind)]

    def own(self, kind: str) -> list[Any]:
        """Return the list of a kind that has one; an empty list for others."""
        return getattr(self, kind.replace("-", "_")) if kind in _TYPED else []

    def gap(self, kind: str, *names: str) -> Gap | None:
        """Return why a resource of a kind may exist that isn't described, with one of these names; None if none may."""
        return next((each for each in self.gaps if each.covers(kind, names)), None)

    def unread_resources(self) -> list[Gap]:
        """Return the gaps of resources that are there, and whose own files have errors."""
        broken = {each.origin.file for each in self.problems if each.leaves_out}
        return [gap for gap in self.gaps if gap.name and gap.origin.file in broken]

    def is_unread(self, kind: str, *names: str) -> bool:
        """Return whether a resource of a kind, with one of these names, is there, and its own file has errors."""
        return any(gap.covers(kind, names) for gap in self.unread_resources())

    def unread(self) -> dict[tuple[str, FileLocation], None]:
        """Return why callers may meet something else than is described here: parts that aren't read, or have errors."""
        found = [(each.reason, each.origin) for each in self.gaps if each.is_for_callers]
        found += ((each.message, each.origin) for each in self.problems if each.leaves_out)
        return dict.fromkeys(found)

    def undescribed(self) -> dict[tuple[str, FileLocation], None]:
        """Return why callers may meet more than is described here, by a name or an assumption that isn't certain."""
        described = {(each.reason, each.origin) for each in self.gaps if each.name or each.is_assumed}
        return {each: None for each in self.unread() if each not in described}

    def owners(self) -> Iterator[tuple[Place, Described | ServiceDescription]]:
        """Yield all that can have a policy."""
        yield Place("global"), self
        yield from ((Place("workspace", workspace=each.id), each) for each in self.workspaces)
        yield from ((Place("product", workspace=each.workspace), each) for each in self.products)
        yield from ((Place(fragment=each.id, workspace=each.workspace), each) for each in self.fragments)
        for api in self.apis:
            yield Place("api", workspace=api.workspace, api=api.id), api
            for each in api.operations:
                yield Place("operation", workspace=api.workspace, api=api.id, operation=each.id), each

    def policies(self) -> Iterator[tuple[Place, PolicyText]]:
        return ((place, each.policy) for place, each in self.owners() if each.policy is not None)

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
