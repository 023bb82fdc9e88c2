"""The two sides of a comparison of services: what each describes, and its gateway in the surroundings of both.

Both sides have the same clock, seed, keys, tokens, certificates and identities, and the same stand-in for a name. So a
difference between two results is one of the service.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.engine.steps import Program, spliced
from apimpolicy.errors import ApimPolicyError
from apimpolicy.project.gateways import configured
from apimpolicy.project.service.description import PolicyText, ServiceDescription
from apimpolicy.project.service.leniency import KeptServices
from apimpolicy.project.service.likely_values import providers_of
from apimpolicy.testing.case_files import CaseFile, load_case_tree
from apimpolicy.testing.claims.harnesses import Setup, case_of_claims, setup_with
from apimpolicy.testing.claims.services import Caller, with_callers
from apimpolicy.testing.first_surroundings import shows_certificates
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from apimpolicy.engine.document import AnyPolicy, Policy
    from apimpolicy.engine.gateway import Gateway
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

    @classmethod
    def of(cls, elements: Iterable[Element]) -> Needs:
        """Return what callers need to pass the checks of policies."""
        found = list(elements)
        tables: list[dict[str, Any]] = []
        for _, table in providers_of(found):
            tables += [table] if table not in tables else []
        return cls({f"login-{number}": each for number, each in enumerate(tables, 1)}, shows_certificates(found))

    def names_for(self, elements: Iterable[Element]) -> list[str]:
        """Return the providers whose tokens policies accept."""
        wanted = [table for _, table in providers_of(elements)]
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
            gateway |= {"negotiate-client-certificate": True, "certificates": {"partner": "partner"}}
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
        made = setup_with(case_of_claims(file), has_certificates=needs.has_certificates)
        by_url: dict[str, Any] = {}
        issuers = {name: made.issuers[name] for name in made.declared}
        for provider in issuers.values():
            provider.keys = by_url.setdefault(provider.urls[0], provider).keys
        return made._replace(issuers=issuers)

    def opened(self, callers: Sequence[Caller]) -> Gateway:
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
