"""The two sides of a comparison of services: their descriptions and policies, and gateways in the surroundings of both.

Both sides have the same clock, seed, keys, tokens, certificates and identities, and the same stand-in for a name. So a
difference between two results is one of the service. Policies are paired by what they apply to.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from apimpolicy.checkout import listing
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.gateway.engine.steps import Program, spliced
from apimpolicy.project.gateways import configured
from apimpolicy.project.layout import Place, is_service_folder, place_of
from apimpolicy.project.repository import repository_of
from apimpolicy.project.service.description import OPERATIONS, PolicyText, ServiceDescription
from apimpolicy.project.service.leniency import KeptServices
from apimpolicy.project.service.policy_sources import NOT_IN_CODE
from apimpolicy.project.service.reading import is_code, kept_services
from apimpolicy.testing.case_files import CaseFile, load_case_tree
from apimpolicy.testing.claims.harnesses import Setup, case_of_claims, setup_with
from apimpolicy.testing.claims.services import KeyedCaller, with_callers
from apimpolicy.testing.comparing.accepted_values import AcceptedValue, changed_values, numbered, providers_with
from apimpolicy.testing.comparing.versions import Places, Version, VersionPair, with_names
from apimpolicy.testing.first_surroundings import shows_certificates, with_certificates
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.document import AnyPolicy, Policy
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.text.document import Element

SEED = 1
"""Of the random numbers of both sides."""


@attrs.frozen
class Needs:
    """Surroundings that a comparison needs on both sides: identity providers, and certificates of callers.

    Each audience and each set of claims has a provider of its own; those of one URL have the same keys.
    """

    providers: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    has_certificates: bool = False
    values: Sequence[AcceptedValue] = ()
    """What only one version accepts."""

    @classmethod
    def of(cls, old: Sequence[Element], new: Sequence[Element]) -> Needs:
        """Return what callers need to pass the checks of the policies of either version."""
        values = changed_values(old, new)
        named = numbered(providers_with((*old, *new), values))
        return cls(named, shows_certificates((*old, *new)), values)

    def names_for(self, elements: Iterable[Element]) -> list[str]:
        wanted = [table for _, table in providers_with(elements, self.values)]
        return [name for name, table in self.providers.items() if table in wanted]


class _Described(KeptServices):
    """Gives every gateway of a side the description of that side."""

    def __init__(self, own: ServiceDescription) -> None:
        super().__init__()
        self.own = own

    def description(
        self, folder: str | None, values: Mapping[str, Any], make: Callable[[], ServiceDescription | None]
    ) -> ServiceDescription | None:
        return self.own


class ServiceSide:
    """A version of a service in a folder; None for a version that has none.

    `root` is the folder of the comparison, which has the service's. `replaced` are texts by the real path of the policy
    that they replace. Raises ConfigurationError for a service that
    can't be read.
    """

    def __init__(
        self, folder: str | None, root: str | None = None, replaced: Mapping[str, PolicyText] | None = None
    ) -> None:
        self.folder = folder
        self.root = folder if root is None else root
        self.description = ServiceDescription("")
        if folder is not None:
            with kept_services(is_apart=bool(replaced)):
                configuration, own = configured(folder)
                self.description = configuration.described(own) or self.description
        for text in _owners(self.description) if replaced else ():
            if text.policy is not None and text.policy.path is not None:
                text.policy = (replaced or {}).get(os.path.realpath(text.policy.path), text.policy)
        self._kept = _Described(self.description)
        self._file: CaseFile | None = None

    @property
    def has_apis(self) -> bool:
        return bool(self.description.apis)

    @property
    def has_resources(self) -> bool:
        """Return whether the folder describes a service, or a part of one."""
        service = self.description
        return bool(service.apis or service.products or service.backends or service.named_values or service.gaps)

    @cached_property
    def gateway(self) -> Gateway:
        """The gateway without callers' needs, to compose programs with."""
        made = self.setup(Needs(), None).gateway
        made.policies.keep_files()
        return made

    def setup(self, needs: Needs, other: ServiceSide | None) -> Setup:
        """Return the gateway and its callers; keys and certificates are those of the other side's last setup, if given.

        Raises ConfigurationError.
        """
        assert self.folder is not None
        gateway: dict[str, Any] = {"seed": SEED}
        if needs.has_certificates:
            gateway |= with_certificates()
        content: dict[str, Any] = {"service": os.path.abspath(self.folder), "claims": []}
        content["defaults"] = {"gateway": gateway}
        if needs.providers:
            content["identity-providers"] = needs.providers
        path = os.path.join(os.path.abspath(self.folder), "compared.test.json")
        file = load_case_tree(read_tree(json.dumps(content), path), path)
        file.kept = self._kept
        if other is not None and other._file is not None:
            file.certificates = other._file.certificates
        self._file = file
        setup = setup_with(case_of_claims(file), has_certificates=needs.has_certificates)
        by_url: dict[str, Any] = {}
        issuers = {name: setup.issuers[name] for name in setup.declared}
        for provider in issuers.values():
            provider.keys = by_url.setdefault(provider.urls[0], provider).keys
        return setup._replace(issuers=issuers)

    def opened(self, callers: Sequence[KeyedCaller]) -> Gateway:
        """Return the gateway with a subscription for each caller who can have one. Raises ConfigurationError."""
        made = self.setup(Needs(), None).gateway
        assert made.service is not None
        made.service = with_callers(made.service, callers)
        return made

    def program(self, policies: Mapping[str, AnyPolicy]) -> Program:
        """Return the program of policies, in which nothing is compiled. Raises ApimPolicyError for unreadable ones."""
        gateway = self.gateway
        missing: set[str] = set()
        return spliced(
            gateway.scopes(dict(policies)),
            self._fragments,
            gateway.missing_section == "inherit",
            gateway.cors_needs_base,
            missing,
        )

    @cached_property
    def _fragments(self) -> dict[str, Policy]:
        found: dict[str, Policy] = {}
        for name, text in self.gateway.fragments.items():
            try:
                found[name] = self.gateway.policies.document(text, f"<fragment {name}>")
            except ApimPolicyError:
                continue
        return found


def _owners(description: ServiceDescription) -> Iterable[Any]:
    """Return everything in a service that has a policy."""
    operations = [operation for api in description.apis for operation in api.operations]
    others = (*description.workspaces, *description.products, *description.fragments)
    return [description, *others, *description.apis, *operations]


Key = tuple[str, int]
"""The real path and the line of a policy, by which it is found again in a program."""
_MOST_FOLDERS = 6
_CODE = (".tf", ".tofu", ".bicep")


class Documents(NamedTuple):
    """The pairs of a service's policies, and the real paths of all files that they are in."""

    pairs: list[VersionPair]
    files: set[str]


def documents_of(old: ServiceSide, new: ServiceSide, place: str, places: Places) -> Documents:
    """Return the policies of both sides; `place` is the path of the new side without its revision."""
    unread = {*_unread(old, new), *_unread(new, old)}
    before, after = (
        {subject: text for subject, text in _policies(side.description) if subject not in unread} for side in (old, new)
    )
    files = {os.path.realpath(text.path or text.origin.file) for side in (before, after) for text in side.values()}
    pairs: list[VersionPair] = []
    for subject in dict.fromkeys((*before, *after)):
        one, other = before.get(subject), after.get(subject)
        versions = [
            None if text is None else _version(text, subject, side, places) for text, side in ((one, old), (other, new))
        ]
        shown, side = (other, new) if other is not None else (one, old)
        assert shown is not None
        if None in versions and shown.unknown == NOT_IN_CODE:
            continue  # a service that came or went: its global policy lies elsewhere
        pairs.append(VersionPair(_label(shown, side, place), versions[0], versions[1], True, places))
    return Documents(pairs, files)


def _policies(description: ServiceDescription) -> Iterator[tuple[str, PolicyText]]:
    for place, owner in description.owners():
        if owner.policy is not None:
            yield _subject(place, getattr(owner, "id", "")), owner.policy


def _unread(side: ServiceSide, other: ServiceSide) -> Iterator[str]:
    """Yield the subjects of one version whose resource the other one has, and can't read."""
    for place, owner in side.description.owners() if other.description.unread_resources() else ():
        id_ = getattr(owner, "id", "")
        names = {"apis": place.api, OPERATIONS: f"{place.api}/{place.operation}"}
        if place.scope == "product":
            names = {"products": id_}
        if any(name is not None and other.description.is_unread(kind, name) for kind, name in names.items()):
            yield _subject(place, id_)


def _subject(place: Place, id_: str) -> str:
    if place.scope in ("global", "workspace"):
        return "all APIs" if place.scope == "global" else f"workspace {id_}"
    of_api = f" of API {place.api}" if place.operation is not None else ""
    within = f" of workspace {place.workspace}" if place.workspace is not None else ""
    return f"{'API' if place.scope == 'api' else place.scope or 'fragment'} {id_}{of_api}{within}"


def _version(text: PolicyText, subject: str, side: ServiceSide, places: Places) -> Version:
    try:
        source = text.read()
    except ConfigurationError:
        return Version(with_names(text.path or "", places), b"", text.path or "")
    file = os.path.normpath(text.path or text.origin.file)
    is_own_file = side.folder is not None and text.path is not None and not is_code(side.folder)
    name = file if text.source is None else f"{file}:{text.origin.line}"
    return Version(
        with_names(name, places),
        source.text.encode("utf-8", "surrogatepass"),
        file,
        "" if is_own_file else subject,
        source,
    )


def _label(text: PolicyText, side: ServiceSide, place: str) -> str:
    """Return the path of a policy below the place of the comparison, with the line in code."""
    file = os.path.normpath(text.path or text.origin.file)
    inside = os.path.relpath(os.path.realpath(file), os.path.realpath(side.root or "."))
    path = os.path.normpath(os.path.join(place, inside))
    return path if text.source is None else f"{path}:{text.origin.line}"


def key_of(version: Version) -> Key:
    return os.path.realpath(version.path), 1 if version.source is None else version.source.position(0).line


def key_of_policy(policy: Policy) -> Key:
    return os.path.realpath(policy.original.path), policy.original.position(0).line


def key_of_element(element: Element) -> Key:
    return os.path.realpath(element.source.path), element.source.position(0).line


def service_around(path: str) -> ServiceSide | None:
    """Return the service that a policy file belongs to: an extract, or code that names it.

    Raises ConfigurationError for a service that can't be read.
    """
    root = place_of(path).root
    if root is not None and is_service_folder(root):
        return ServiceSide(root)
    folders = reversed(list(_folders_with_code(path)))  # the outermost gives modules their values
    sides = (ServiceSide(each) for each in folders if is_code(each))
    return next(
        (
            each
            for each in sides
            if os.path.realpath(path)
            in {os.path.realpath(text.path or text.origin.file) for _, text in each.description.policies()}
        ),
        None,
    )


def _folders_with_code(path: str) -> Iterator[str]:
    """Yield the folders around a file that have code, up to the root of the repository, if it is in one."""
    folder = os.path.dirname(os.path.abspath(path))
    root = repository_of(folder)
    for _ in range(_MOST_FOLDERS):
        if root is None or len(folder) < len(root):
            return
        if any(name.endswith(_CODE) for name in listing(folder)):
            yield folder
        folder = os.path.dirname(folder)
