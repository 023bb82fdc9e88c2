"""`check` reports a service with more resources than its tier allows, at the first one beyond the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.checks.subject import Settings
from apimpolicy.project.information_run import exceeded
from apimpolicy.project.service.description import (
    ApiDescription,
    FileLocation,
    NamedValueDescription,
    OperationDescription,
    ProductDescription,
    ServiceDescription,
    Sourced,
)

if TYPE_CHECKING:
    from pathlib import Path


def service_with(folder: Path, sku: str, products: int = 0, values: int = 0, operations: int = 0) -> ServiceDescription:
    file = folder / "main.tf"
    file.write_text("\n" * (products + values + operations + 1))
    origins = [FileLocation(str(file), line) for line in range(1, products + values + operations + 1)]
    service = ServiceDescription(str(folder), sku=Sourced(sku))
    service.products = [ProductDescription(f"p{index}", origins[index]) for index in range(products)]
    service.named_values = [NamedValueDescription(f"v{index}", origins[index]) for index in range(values)]
    one = OperationDescription("o", FileLocation(str(file)))
    service.apis = [ApiDescription("a", FileLocation(str(file)), operations=[one] * operations)]
    return service


@pytest.mark.parametrize(
    ("sku", "settings", "counts", "expected"),
    [
        ("Developer_1", Settings(), {"products": 101}, [
            "the service has 101 products, and the tier 'developer' allows 100",
        ]),
        ("Developer_1", Settings(), {"products": 100}, []),
        ("BasicV2_1", Settings(), {"products": 201}, [
            "the service has 201 products, and the tier 'basicv2' allows 200",
        ]),
        ("BasicV2_1", Settings(tier="premium"), {"products": 201}, []),
        ("Consumption", Settings(), {"values": 5_001, "operations": 3_001}, [
            "the service has 3,001 API operations, and the tier 'consumption' allows 3,000",
            "the service has 5,001 named values, and the tier 'consumption' allows 5,000",
        ]),
        ("Developer_1", Settings(ignore=("POL166",)), {"products": 101}, []),
        ("Isolated", Settings(), {"products": 9_000}, []),
        ("", Settings(), {"products": 9_000}, []),
    ],
)  # fmt: skip
def test_limits(tmp_path: Path, sku: str, settings: Settings, counts: dict[str, int], expected: list[str]) -> None:
    found = exceeded(service_with(tmp_path, sku, **counts), settings)
    assert [each.message for each in found.get(str(tmp_path / "main.tf"), [])] == expected
    assert all(each.severity.name == "WARNING" for group in found.values() for each in group)
