"""What the folders of an APIOps layout say, and the table `[check]` about files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.check_configuration import CheckConfiguration
from apimpolicy.project.configuration import load_configuration
from apimpolicy.project.known_service import ServiceView
from apimpolicy.project.layout import fragments_of, place_of
from apimpolicy.project.service.extract import read_extract

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("path", "scope", "fragment"),
    [
        ("policy.xml", "global", None),
        ("apis/orders/policy.xml", "api", None),
        ("apis/orders/operations/get/policy.xml", "operation", None),
        ("products/starter/policy.xml", "product", None),
        ("workspaces/one/policy.xml", "workspace", None),
        ("workspaces/one/apis/orders/policy.xml", "api", None),
        ("policy fragments/check/policy.xml", None, "check"),
        ("policyFragments/check/policy.xml", None, "check"),
        ("workspaces/one/policy-fragments/check/policy.xml", None, "check"),
        ("fragments/check/policy.xml", None, None),
        ("apis/orders/other.xml", None, None),
        ("elsewhere/policy.xml", None, None),
    ],
)
def test_scope_by_folder(tmp_path: Path, path: str, scope: str | None, fragment: str | None) -> None:
    (tmp_path / "apis").mkdir()
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    place = place_of(str(file))
    assert (place.scope, place.fragment) == (scope, fragment)
    if scope is not None or fragment is not None:
        assert place.root == str(tmp_path)


def test_a_service_in_a_folder_that_is_called_apis(tmp_path: Path) -> None:
    """A monorepo may have `apis/<team>/` around the folder of a service."""
    file = tmp_path / "apis" / "team" / "apis" / "orders" / "operations" / "get" / "policy.xml"
    file.parent.mkdir(parents=True)
    place = place_of(str(file))
    assert place.root == str(tmp_path / "apis" / "team")
    assert (place.api, place.operation, place.workspace) == ("orders", "get", None)


def test_the_workspace_of_a_policy(tmp_path: Path) -> None:
    file = tmp_path / "workspaces" / "sales" / "apis" / "leads" / "policy.xml"
    file.parent.mkdir(parents=True)
    place = place_of(str(file))
    assert (place.root, place.workspace, place.api) == (str(tmp_path), "sales", "leads")


@pytest.mark.parametrize(
    ("path", "information", "expected"),
    [
        ("apis/orders/policy.xml", '{"properties": {"subscriptionRequired": false}}', False),
        ("apis/orders/policy.xml", '{"properties": {"subscriptionRequired": true}}', True),
        ("apis/orders/operations/get/policy.xml", '\ufeff{"properties": {"subscriptionRequired": false}}', False),
        ("apis/orders/policy.xml", '{"properties": {}}', None),
        ("apis/orders/policy.xml", '{"properties": {"subscriptionRequired": "no"}}', None),
        ("apis/orders/policy.xml", "{", None),
        ("apis/orders/policy.xml", "[]", None),
        ("apis/invoices/policy.xml", '{"properties": {"subscriptionRequired": false}}', None),
        ("products/starter/policy.xml", '{"properties": {"subscriptionRequired": false}}', None),
        ("policy.xml", '{"properties": {"subscriptionRequired": false}}', None),
    ],
)
def test_whether_a_subscription_is_required(tmp_path: Path, path: str, information: str, expected: bool | None) -> None:
    file = tmp_path / "apis" / "orders" / "apiInformation.json"
    file.parent.mkdir(parents=True)
    file.write_text(information, encoding="utf-8")
    service = ServiceView(read_extract(str(tmp_path)))
    settings = CheckConfiguration().settings_for(str(tmp_path / path), service)
    assert settings.requires_subscription is expected


def test_fragments_of_a_layout(tmp_path: Path) -> None:
    folder = tmp_path / "policy fragments" / "check"
    folder.mkdir(parents=True)
    (folder / "policy.xml").touch()
    (tmp_path / "policy fragments" / "empty").mkdir()
    assert fragments_of(str(tmp_path)) == {"check": str(folder / "policy.xml")}


def test_settings_by_file(tmp_path: Path) -> None:
    path = tmp_path / "apimpolicy.toml"
    path.write_text("""
        [check]
        ignore = ["POL409"]
        tier = "consumption"
        baseline = "known.json"
        [check.severity]
        POL306 = "error"
        [[check.files]]
        paths = ["global.xml"]
        scope = "global"
        [[check.files]]
        paths = ["orders/*.xml"]
        scope = "operation"
        url-template = "/orders/{id}"
        method = "GET"
        subscription-required = false
        ignore = ["POL127"]
    """)
    check = load_configuration(str(path)).check()
    assert check.baseline == str(tmp_path / "known.json")
    assert check.settings.severities == {"POL306": Severity.ERROR}
    assert check.settings_for(str(tmp_path / "deep" / "global.xml")).scope == "global"
    found = check.settings_for(str(tmp_path / "orders" / "get.xml"))
    assert (found.scope, found.url_template, found.ignore) == ("operation", "/orders/{id}", ("POL409", "POL127"))
    assert (found.method, found.requires_subscription) == ("GET", False)
    other = check.settings_for(str(tmp_path / "other.xml"))
    assert (other.scope, other.method, other.requires_subscription) == (None, None, None)


def test_the_table_of_a_pyproject(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\nname = "x"\n[tool.apimpolicy.check]\nselect = ["CS"]\n')
    assert load_configuration(str(path)).check().settings.select == ("CS",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[check]\ntier = "gold"', "'check.tier' cannot be 'gold'; it must be one of consumption, "),
        ('[check]\nselcet = ["CS"]', "'check.selcet' is not a setting; did you mean 'check.select'?"),
        ('[check.severity]\nPOL301 = "bad"', "'check.severity.POL301' cannot be 'bad'; it must be one of error, warn"),
        ("[[check.files]]\nscope = 'api'", r"'check.files\[0\].paths' is missing"),
        ("[[check.files]]\npaths = ['a']\nscope = 'a'", r"'check.files\[0\].scope' cannot be 'a'; it must be one of "),
    ],
)
def test_mistakes_are_sentences(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "apimpolicy.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=sentence):
        load_configuration(str(path))


def test_placeholders_are_handed_over(tmp_path: Path) -> None:
    path = tmp_path / "apimpolicy.toml"
    path.write_text("""[check]
        placeholders = ["#{…}#", "__...__"]
        [[check.files]]
        paths = ["a.xml"]
        placeholders = ["$(…)"]
    """)
    check = load_configuration(str(path)).check()
    assert check.settings.placeholders == ("#{…}#", "__…__")
    assert check.settings_for(str(tmp_path / "a.xml")).placeholders == ("$(…)",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[check]\nignore = [\n  "POL409",\n  "certificate-not-verfied"]', ":2: 'check.ignore' has an unknown code: "),
        ('[check.severity]\nPOL409 = "info"\nPLO301 = "info"', ":3: 'check.severity.PLO301' has an unknown code: "),
        ("[[check.files]]\npaths = ['a']\n[[check.files]]\npaths = ['b']\nignore = ['POL999']", ":5: "),
    ],
)
def test_unknown_codes_are_mistakes(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "apimpolicy.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=sentence):
        load_configuration(str(path)).check(())


def test_names_of_rules_are_codes(tmp_path: Path) -> None:
    path = tmp_path / "apimpolicy.toml"
    path.write_text('[check]\nselect = ["certificate-not-verified", "cs"]\nignore = ["CONTOSO1"]')
    settings = load_configuration(str(path)).check(()).settings
    assert (settings.select, settings.ignore) == (("POL301", "CS"), ("CONTOSO1",))
