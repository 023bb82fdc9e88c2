"""Nothing vanishes while a service is read: what one stage has, the next one has, or says why not."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sampling import examples
from tests.services.test_deployments import FORMS, written
from tests.unit.unknowns.generated_services import bicep, terraform

from apimpolicy.project.infrastructure import services as grouping
from apimpolicy.project.infrastructure.bicep.reading import read_bicep
from apimpolicy.project.infrastructure.files import Files
from apimpolicy.project.infrastructure.services import services_of
from apimpolicy.project.infrastructure.terraform.reading import read_terraform
from apimpolicy.project.service.from_code import code_services

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from apimpolicy.project.infrastructure.resources import Reading, Resource
    from apimpolicy.project.service.description import ServiceDescription

CODE = {name: files for name, files in FORMS.items() if "extract" not in name}


def readings(root: Path) -> list[Reading]:
    files = Files(str(root))
    return [*read_terraform(files), *read_bicep(files)]


def keys(resources: list[Resource]) -> list[tuple[str, ...]]:
    return sorted((each.source.path, str(each.start), each.type, each.address) for each in resources)


def places(service: ServiceDescription) -> set[tuple[str, int]]:
    """Return the places of everything that a description has, and of what it says that it lacks."""
    found = {(each.origin.file, each.origin.line) for each in _entities(service)}
    found |= {(each.origin.file, each.origin.line) for each in (*service.problems, *service.gaps)}
    return found | {(policy.origin.file, policy.origin.line) for _, policy in service.policies()}


def _entities(service: ServiceDescription) -> Iterator[Any]:
    yield from (*service.apis, *service.products, *service.backends, *service.named_values, *service.fragments)
    yield from (*service.loggers, *service.subscriptions, *service.version_sets, *service.workspaces, *service.others)
    for api in service.apis:
        yield from (*api.operations, *api.tools, *api.files)


def assert_all_accounted(root: Path) -> None:
    found = readings(root)
    resources = [each for reading in found for each in reading.resources]
    services = services_of(found)
    assert {*keys(resources)} == {*keys([each for service in services for each in service.resources])}
    for code in code_services(str(root)):
        described = places(code.describe())
        policies = [each for each in code.deployed.resources if each.type.endswith(("policies", "policyfragments"))]
        for each in code.deployed.resources:
            if each.type and each not in policies:
                assert (each.source.path, each.source.position(each.start).line) in described, each.address
        assert len(policies) <= len(list(code.describe().policies()))


@pytest.mark.parametrize("name", CODE)
def test_every_resource_of_deployments_is_in_a_service(name: str, tmp_path: Path) -> None:
    assert_all_accounted(written(tmp_path, CODE[name]))


@pytest.mark.parametrize("kind", ["terraform", "bicep"])
@settings(max_examples=examples(60), derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_resource_of_a_generated_service(
    kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = data.draw({"terraform": terraform(), "bicep": bicep()}[kind])
    removed = data.draw(st.lists(st.sampled_from(made.pieces), max_size=2, unique=True)) if made.pieces else []
    root = tmp_path_factory.mktemp("service")
    with contextlib.chdir(root):
        assert_all_accounted(written(root, made.without(removed)))


@pytest.mark.parametrize("name", CODE)
def test_the_accounting_notices_a_loss(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that drops a resource fails the law above."""
    root = written(tmp_path, CODE[name])
    split = grouping.split

    def losing(reading: Reading) -> list[grouping.DeployedService]:
        found = split(reading)
        for each in found:
            each.resources = each.resources[:-1]
        return found

    monkeypatch.setattr(grouping, "split", losing)
    with pytest.raises(AssertionError):
        assert_all_accounted(root)
