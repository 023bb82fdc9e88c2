"""The entities of an API Management service, as expressions see them: API, operation, product, subscription, user …

Each class has the properties of one interface of the `context` object, with Python names in snake case. Texts given to
a constructor become .NET strings; moments may be ISO texts, aware datetimes or .NET DateTimes. Their JSON has the
documented members in the documented order, which is our choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import dotnet_class, interface_members, python_names
from apimpolicy.csharp.dotnet.values import STRING, Array, string_array, to_utf16
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.moments import to_date_time
from apimpolicy.gateway.context.urls import Url

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate

SINGLE, POOL = 0, 1
NOT_PUBLISHED, PUBLISHED = 0, 1
MANAGED = "managed"
KINDS = ("http", "soap", "graphql", "websocket", "odata", "grpc", "mcp", "a2a")


def _text(value: str | None) -> str | None:
    return None if value is None else to_utf16(value)


@dotnet_class("ISubscriptionKeyParameterNames", members="Header Query", is_json=True)
class SubscriptionKeyParameterNames:
    def __init__(self, header: str = "Ocp-Apim-Subscription-Key", query: str = "subscription-key") -> None:
        self.header = to_utf16(header)
        self.query = to_utf16(query)


@dotnet_class("IContextApi", members="IsCurrentRevision Revision Version")
class Api:
    """IApi and IContextApi. `service_url` may be text; it is None when the API has no backend of its own.

    `kind` is the API's type in Azure (`KINDS`), which expressions do not see. An MCP server and an A2A API have no
    operations in their policies: every request below their path is for them.
    """

    json_members = python_names("Id IsCurrentRevision Name Path Revision ServiceUrl Version")

    def __init__(
        self,
        id: str = "api",
        name: str | None = None,
        path: str = "",
        *,
        protocols: Iterable[str] = ("https",),
        service_url: str | Url | None = None,
        subscription_key_parameter_names: SubscriptionKeyParameterNames | None = None,
        is_current_revision: bool = True,
        revision: str = "1",
        version: str | None = None,
        kind: str = "http",
    ) -> None:
        if kind not in KINDS:
            raise ConfigurationError(f"the kind of an API is one of {', '.join(KINDS)}, not {kind!r}")
        self.kind = kind
        self.id = to_utf16(id)
        self.name = to_utf16(id if name is None else name)
        self.path = to_utf16(path)
        self.protocols = string_array(map(to_utf16, protocols))
        self.service_url = Url.parse(service_url) if isinstance(service_url, str) else service_url
        self.subscription_key_parameter_names = subscription_key_parameter_names or SubscriptionKeyParameterNames()
        self.is_current_revision = is_current_revision
        self.revision = to_utf16(revision)
        self.version = _text(version)


interface_members("IApi", "Id Name Path Protocols ServiceUrl SubscriptionKeyParameterNames")


@dotnet_class("IOperation", members="Id Method Name UrlTemplate", is_json=True)
class Operation:
    def __init__(
        self, id: str = "operation", method: str = "GET", name: str | None = None, url_template: str = "/"
    ) -> None:
        self.id = to_utf16(id)
        self.method = to_utf16(method)
        self.name = to_utf16(id if name is None else name)
        self.url_template = to_utf16(url_template)


@dotnet_class("IGroup", members="Id Name", is_json=True)
class Group:
    def __init__(self, id: str, name: str | None = None) -> None:
        self.id = to_utf16(id)
        self.name = to_utf16(id if name is None else name)


@dotnet_class("IUserIdentity", members="Id Provider", is_json=True)
class UserIdentity:
    def __init__(self, id: str, provider: str = "Basic") -> None:
        self.id = to_utf16(id)
        self.provider = to_utf16(provider)


_PRODUCT = "ApprovalRequired Groups Id Name State SubscriptionsLimit SubscriptionRequired"


@dotnet_class("IProduct", members=f"{_PRODUCT} Apis SubscriptionLimit=subscriptions_limit")
class Product:
    """`state` is PUBLISHED or NOT_PUBLISHED; `subscriptions_limit` None means unlimited."""

    json_members = python_names(_PRODUCT)

    def __init__(
        self,
        id: str = "product",
        name: str | None = None,
        *,
        state: int = PUBLISHED,
        approval_required: bool = False,
        subscription_required: bool = True,
        subscriptions_limit: int | None = None,
        groups: Iterable[Group] = (),
        apis: Iterable[Api] = (),
    ) -> None:
        self.id = to_utf16(id)
        self.name = to_utf16(id if name is None else name)
        self.state = state
        self.approval_required = approval_required
        self.subscription_required = subscription_required
        self.subscriptions_limit = subscriptions_limit
        self.groups = Array(named("IGroup"), groups)
        self.apis = Array(named("IApi"), apis)


@dotnet_class(
    "ISubscription", members="CreatedDate EndDate Id Key Name PrimaryKey SecondaryKey StartDate", is_json=True
)
class Subscription:
    """`key` is the one the request used; the primary key unless given."""

    def __init__(
        self,
        id: str = "subscription",
        name: str | None = None,
        *,
        primary_key: str = "00000000000000000000000000000001",
        secondary_key: str = "00000000000000000000000000000002",
        key: str | None = None,
        created_date: Any = "2024-01-01T00:00:00Z",
        start_date: Any = None,
        end_date: Any = None,
    ) -> None:
        self.id = to_utf16(id)
        self.name = to_utf16(id if name is None else name)
        self.primary_key = to_utf16(primary_key)
        self.secondary_key = to_utf16(secondary_key)
        self.key = to_utf16(primary_key if key is None else key)
        self.created_date = to_date_time(created_date)
        self.start_date = to_date_time(start_date)
        self.end_date = to_date_time(end_date)


@dotnet_class("IUser", members="Email FirstName Groups Id Identities LastName Note RegistrationDate", is_json=True)
class User:
    def __init__(
        self,
        id: str = "user",
        *,
        email: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        note: str | None = None,
        registration_date: Any = "2024-01-01T00:00:00Z",
        groups: Iterable[Group] = (),
        identities: Iterable[UserIdentity] = (),
    ) -> None:
        self.id = to_utf16(id)
        self.email = _text(email)
        self.first_name = _text(first_name)
        self.last_name = _text(last_name)
        self.note = _text(note)
        self.registration_date = to_date_time(registration_date)
        self.groups = Array(named("IGroup"), groups)
        self.identities = Array(named("IUserIdentity"), identities)


@dotnet_class("IBackend", members="AzureRegion Id Type")
class ContextBackend:
    """`type` is SINGLE or POOL."""

    def __init__(self, id: str, *, type: int = SINGLE, azure_region: str | None = None) -> None:
        self.id = to_utf16(id)
        self.type = type
        self.azure_region = _text(azure_region)


@dotnet_class("IWorkspace", members="Id Name", is_json=True)
class Workspace:
    def __init__(self, id: str, name: str | None = None) -> None:
        self.id = to_utf16(id)
        self.name = to_utf16(id if name is None else name)


@dotnet_class("IFoundry", members="Deployment")
class Foundry:
    def __init__(self, deployment: str) -> None:
        self.deployment = to_utf16(deployment)


@dotnet_class("IPrivateEndpointConnection", members="Name GroupId MemberName", is_json=True)
class PrivateEndpointConnection:
    def __init__(self, name: str, group_id: str, member_name: str) -> None:
        self.name = to_utf16(name)
        self.group_id = to_utf16(group_id)
        self.member_name = to_utf16(member_name)


@dotnet_class("IGateway", members="Id InstanceId IsManaged")
class ContextGateway:
    """`managed` is what managed gateways call themselves and their instances."""

    def __init__(self, id: str = MANAGED, instance_id: str | None = None) -> None:
        self.id = to_utf16(id)
        self.instance_id = to_utf16(id if instance_id is None else instance_id)
        self.is_managed = id == MANAGED


@dotnet_class("ISustainabilityInfo", members="CurrentCarbonIntensity")
class SustainabilityInfo:
    """`current_carbon_intensity` is 0 (not available) to 5 (very high)."""

    def __init__(self, current_carbon_intensity: int = 0) -> None:
        self.current_carbon_intensity = current_carbon_intensity


@dotnet_class("IDeployment", members="GatewayId Region ServiceId ServiceName Certificates Gateway SustainabilityInfo")
class Deployment:
    """The service of a request. `certificates` are the uploaded ones by their identifier."""

    def __init__(
        self,
        service_name: str = "contoso",
        *,
        service_id: str | None = None,
        region: str = "West Europe",
        gateway_id: str = MANAGED,
        certificates: Mapping[str, Certificate] | None = None,
        carbon_intensity: int = 0,
    ) -> None:
        self.service_name = to_utf16(service_name)
        self.service_id = to_utf16(service_name if service_id is None else service_id)
        self.region = to_utf16(region)
        self.gateway_id = to_utf16(gateway_id)
        self.gateway = ContextGateway(gateway_id)
        self.sustainability_info = SustainabilityInfo(carbon_intensity)
        self.certificates = Dictionary(
            (STRING, named("System.Security.Cryptography.X509Certificates.X509Certificate2"))
        )
        for name, certificate in (certificates or {}).items():
            self.certificates.set_item(to_utf16(name), certificate)
