"""`apimpolicy diff` of two folders with a service: changes outside of policies."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from apimpolicy.cli import main
from apimpolicy.project.service.leniency import lenient
from apimpolicy.testing.claims.configured import bounds_for
from apimpolicy.testing.comparing.running import compare_versions
from apimpolicy.testing.comparing.versions import versions

HERE = Path(__file__).parent
SHOP = HERE / "shop"
ROWS = tomllib.loads((HERE / "setting_changes.toml").read_text("utf-8"))["row"]


def test_each_changed_setting_is_reported_with_its_meaning(tmp_path: Path) -> None:
    for number, row in enumerate(ROWS):
        new = tmp_path / str(number)
        shutil.copytree(SHOP / "extract", new)
        if "folder" in row:
            shutil.rmtree(new / row["folder"])
        else:
            path = new / row["file"]
            text = path.read_text("utf-8")
            assert row["old"] in text, row
            path.write_text(text.replace(row["old"], row["new"]), "utf-8")
        found, requests = settings(SHOP / "extract", new)
        assert found == row["found"], row
        assert set(row.get("requests", ())) <= {*requests}, (row, requests)


def test_a_certificate_of_another_vault_is_reported(tmp_path: Path) -> None:
    for side in ("old", "new"):
        shutil.copytree(SHOP / "extract", tmp_path / side)
        file = tmp_path / side / "certificates/partner/certificateInformation.json"
        file.parent.mkdir(parents=True)
        vault = {"secretIdentifier": f"https://{side}.vault.example/secrets/partner"}
        file.write_text(json.dumps({"properties": {"keyVault": vault}}), "utf-8")
    urls = (f"https://{side}.vault.example/secrets/partner" for side in ("old", "new"))
    sentence = "certificate partner: certificate in Key Vault was {}, is now {}: callers notice nothing"
    assert settings(tmp_path / "old", tmp_path / "new")[0] == [sentence.format(*urls)]


def settings(old: Path, new: Path) -> tuple[list[str], list[str]]:
    """The changed settings, and the requests that show them, as lines."""
    with lenient(), versions(str(old), str(new)) as found:
        report = compare_versions(found, bounds_for)
    assert not report.problem
    groups = report.settings
    changes = [
        f"{group.name}: {change.sentence}: {change.meaning or 'callers notice nothing'}"
        for group in groups
        for change in group.changes
    ]
    return changes, [f"{group.name}: {item.request}: {item.sentence}" for group in groups for item in group.items]


@pytest.mark.parametrize(
    ("form", "file", "policy", "setting"),
    [
        ("terraform", "main.tf", ("main.tf:125", "API status"), ("main.tf", 109)),
        ("bicep", "main.bicep", ("main.bicep:128", "API status"), ("main.bicep", 115)),
    ],
)
def test_infrastructure_code_is_named_with_its_lines(
    form: str, file: str, policy: tuple[str, str], setting: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / form
    shutil.copytree(SHOP / form, new)
    text = (new / file).read_text("utf-8").replace("all of it", "some of it")
    changed = text.replace("subscription_required = false", "subscription_required = true", 1)
    (new / file).write_text(changed.replace("subscriptionRequired: false", "subscriptionRequired: true", 1), "utf-8")
    assert main(["diff", str(SHOP / form), str(new), "--format", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [(each["path"], each["subject"]) for each in report["policies"]] == [(str(new / policy[0]), policy[1])]
    changes = [each for group in report["settings"] for each in group["changes"]]
    assert [(each["file"], each["line"]) for each in changes] == [(str(new / setting[0]), setting[1])]


@pytest.mark.parametrize(
    ("is_current", "meaning"),
    [(False, "only calls with ;rev=2 in the URL reach it"), (True, "calls below /orders now reach it")],
)
def test_a_revision_that_is_not_current_is_reached_by_its_number(
    is_current: bool, meaning: str, tmp_path: Path
) -> None:
    for side, revisions in (("old", ["1"]), ("new", ["1", "2"])):
        for revision in revisions:
            name = "orders" if revision == "1" else "orders;rev=2"
            path = tmp_path / side / "apis" / name / "apiInformation.json"
            path.parent.mkdir(parents=True)
            current = is_current if revision == "2" else not (is_current and side == "new")
            properties = {"displayName": "Orders", "path": "orders", "apiRevision": revision, "isCurrent": current}
            path.write_text(json.dumps({"properties": properties}), "utf-8")
    found, _ = settings(tmp_path / "old", tmp_path / "new")
    assert [each for each in found if "added" in each] == [f"API orders;rev=2: added: {meaning}"]


def test_an_api_that_loses_its_backend_needs_a_policy_that_chooses_one(tmp_path: Path) -> None:
    for side, url in (("old", {"serviceUrl": "https://o.example"}), ("new", {})):
        path = tmp_path / side / "apis" / "orders" / "apiInformation.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"properties": {"displayName": "Orders", "path": "orders", **url}}), "utf-8")
    (change,) = settings(tmp_path / "old", tmp_path / "new")[0]
    assert change.endswith("requests now fail, unless a policy chooses a backend")
