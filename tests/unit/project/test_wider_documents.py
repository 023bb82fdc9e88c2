"""What wider scopes do to variables that `on-error` reads: folders as APIOps extracts them, and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.check_run import CheckRun

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = '<rate-limit-by-key calls="1" renewal-period="60" counter-key="@(context.Subscription.Id)" />'
TOKEN = '<validate-jwt header-name="Authorization"><openid-config url="https://a.example" /></validate-jwt>'
SET = '<set-variable name="dept" value="sales" />'
READ = '<set-body>@((string)context.Variables["dept"])</set-body>'


def policy(inbound: str, on_error: str = "") -> str:
    return (
        f"<policies><inbound>{inbound}</inbound><backend><base /></backend><outbound><base /></outbound>"
        f"<on-error><base />{on_error}</on-error></policies>"
    )


def when(condition: str) -> str:
    return f'<choose><when condition="@({condition})">{READ}</when></choose>'


READS = policy(f"<base />{SET}", READ)
LIMITED = policy(f"<base />{LIMIT}")
KEYLESS = '{"properties": {"subscriptionRequired": false}}'
API = {"apis/orders/apiInformation.json": KEYLESS, "apis/orders/policy.xml": READS}
LISTED = {"products/gold/policy.xml": LIMITED, "products/gold/apis.json": '[{"name": "orders"}]'}
GLOBAL = "<policies><inbound>{}</inbound><backend><forward-request /></backend><outbound /><on-error /></policies>"
TABLES = """
global-policy = "global.xml"
[apis.orders]
path = "orders"
policy = "orders.xml"
[apis.orders.operations.get]
method = "GET"
url-template = "/"
policy = "get.xml"
[products.gold]
apis = ["orders"]
policy = "gold.xml"
"""

ROWS = {
    "a product's limit": (
        {**API, **LISTED},
        "apis/orders/policy.xml",
        "'rate-limit-by-key' of the product 'gold' refuses the request (429)",
    ),
    "a product that names its APIs by folders": (
        {**API, "products/gold/policy.xml": LIMITED, "products/gold/apis/orders/productApiInformation.json": "{}"},
        "apis/orders/policy.xml",
        "of the product 'gold'",
    ),
    "a revision of the API": (
        {"apis/orders;rev=2/policy.xml": READS, **LISTED, "products/gold/apis.json": '["orders"]'},
        "apis/orders;rev=2/policy.xml",
        "of the product 'gold'",
    ),
    "a product of other APIs": (
        {**API, **LISTED, "products/gold/apis.json": '[{"name": "invoices"}]'},
        "apis/orders/policy.xml",
        None,
    ),
    "a list that is none": ({**API, **LISTED, "products/gold/apis.json": '{"a": '}, "apis/orders/policy.xml", None),
    "the global scope": (
        {**API, "policy.xml": GLOBAL.format(TOKEN)},
        "apis/orders/policy.xml",
        "'validate-jwt' of the global scope refuses the request (401)",
    ),
    "a global scope that sets it": (
        {**API, **LISTED, "policy.xml": GLOBAL.format(SET)},
        "apis/orders/policy.xml",
        None,
    ),
    "an operation below an API": (
        {
            "apis/orders/policy.xml": LIMITED,
            "apis/orders/apiInformation.json": KEYLESS,
            "apis/orders/operations/get/policy.xml": READS,
        },
        "apis/orders/operations/get/policy.xml",
        "'rate-limit-by-key' of the API refuses the request (429)",
    ),
    "an API in a workspace": (
        {
            "workspaces/sales/apis/orders/policy.xml": READS,
            "workspaces/sales/policy.xml": LIMITED,
            "policy.xml": GLOBAL.format(""),
        },
        "workspaces/sales/apis/orders/policy.xml",
        "'rate-limit-by-key' of the workspace refuses the request (429)",
    ),
    "a workspace below the global scope": (
        {
            "workspaces/sales/policy.xml": READS,
            "workspaces/sales/apis/a/policy.xml": policy("<base />"),
            "policy.xml": GLOBAL.format(TOKEN),
        },
        "workspaces/sales/policy.xml",
        "'validate-jwt' of the global scope",
    ),
    "a limit in a branch, which may be about other APIs": (
        {
            **API,
            "policy.xml": GLOBAL.format(
                f'<choose><when condition="@(context.Api.Id == &quot;a&quot;)">{TOKEN}</when></choose>'
            ),
        },
        "apis/orders/policy.xml",
        None,
    ),
    "a limit behind the variable": (
        {**API, **LISTED, "apis/orders/policy.xml": policy(f"{SET}<base />", READ)},
        "apis/orders/policy.xml",
        None,
    ),
    "a branch for this limit": (
        {
            **API,
            **LISTED,
            "apis/orders/policy.xml": policy(f"<base />{SET}", when("context.Response.StatusCode == 429")),
        },
        "apis/orders/policy.xml",
        "of the product 'gold'",
    ),
    "a branch for other failures": (
        {
            **API,
            **LISTED,
            "apis/orders/policy.xml": policy(f"<base />{SET}", when("context.Response.StatusCode == 401")),
        },
        "apis/orders/policy.xml",
        None,
    ),
    "a required subscription": (
        {"apis/orders/policy.xml": READS, "apis/orders/apiInformation.json": KEYLESS.replace("false", "true")},
        "apis/orders/policy.xml",
        "the subscription key is missing (401)",
    ),
    "tables of a configuration": (
        {"apimpolicy.toml": TABLES, "orders.xml": READS, "gold.xml": LIMITED, "global.xml": GLOBAL.format("")},
        "orders.xml",
        "of the product 'gold'",
    ),
    "an operation in tables": (
        {"apimpolicy.toml": TABLES, "orders.xml": LIMITED, "get.xml": READS},
        "get.xml",
        "'rate-limit-by-key' of the API",
    ),
    "a product in tables": (
        {"apimpolicy.toml": TABLES, "gold.xml": READS, "global.xml": GLOBAL.format(TOKEN)},
        "gold.xml",
        "'validate-jwt' of the global scope",
    ),
    "a document alone": ({"orders.xml": READS}, "orders.xml", None),
}


INBOUND = '<set-header name="X"><value>@((string)context.Variables["dept"])</value></set-header>'
OPERATION = "apis/orders/operations/get/policy.xml"
ONLY_READS = policy(f"<base />{INBOUND}")
SERVICE = {"policy.xml": GLOBAL.format(""), "apis/orders/policy.xml": policy("<base />"), OPERATION: ONLY_READS}
FRAGMENT = {"policy fragments/f/policy.xml": f"<fragment>{SET}</fragment>"}
INCLUDE = '<include-fragment fragment-id="f" />'
NEVER_SET: dict[str, tuple[dict[str, str], str, bool]] = {
    "no scope sets it": (SERVICE, OPERATION, True),
    "no global policy is known": ({**SERVICE, "policy.xml": ""}, OPERATION, True),
    "no file has the global policy": (
        {OPERATION: ONLY_READS, "apis/orders/policy.xml": policy("<base />")},
        OPERATION,
        False,
    ),
    "the global policy sets it": ({**SERVICE, "policy.xml": GLOBAL.format(SET)}, OPERATION, False),
    "the API sets it": ({**SERVICE, "apis/orders/policy.xml": policy(f"{SET}<base />")}, OPERATION, False),
    "a product sets it": (
        {**SERVICE, **LISTED, "products/gold/policy.xml": policy(f"<base />{SET}")},
        OPERATION,
        False,
    ),
    "a product sets another": ({**SERVICE, **LISTED}, OPERATION, True),
    "it sets it later": ({**SERVICE, OPERATION: policy(f"<base />{INBOUND}{SET}")}, OPERATION, False),
    "a fragment sets it": (
        {**SERVICE, **FRAGMENT, "apis/orders/policy.xml": policy(f"<base />{INCLUDE}")},
        OPERATION,
        False,
    ),
    "a fragment is not known": ({**SERVICE, "apis/orders/policy.xml": policy(f"<base />{INCLUDE}")}, OPERATION, False),
    "an operation sets it for its API": (
        {
            **SERVICE,
            "apis/orders/policy.xml": ONLY_READS,
            "apis/orders/operations/put/policy.xml": policy(f"{SET}<base />"),
            OPERATION: policy("<base />"),
        },
        "apis/orders/policy.xml",
        False,
    ),
    "no operation sets it for its API": (
        {**SERVICE, "apis/orders/policy.xml": ONLY_READS, OPERATION: policy("<base />")},
        "apis/orders/policy.xml",
        True,
    ),
    "no API sets it for a product": (
        {**SERVICE, OPERATION: policy("<base />"), **LISTED, "products/gold/policy.xml": ONLY_READS},
        "products/gold/policy.xml",
        True,
    ),
    "an API sets it for a product": (
        {
            **SERVICE,
            **LISTED,
            "products/gold/policy.xml": ONLY_READS,
            "apis/orders/policy.xml": policy(f"{SET}<base />"),
        },
        "products/gold/policy.xml",
        False,
    ),
    "any API may set it for a product, for the extract is of some": (
        {**SERVICE, **LISTED, "products/gold/policy.xml": ONLY_READS, "configuration.extractor.yaml": "apis: [orders]"},
        "products/gold/policy.xml",
        False,
    ),
    "a named value may be its name": (
        {**SERVICE, "policy.xml": GLOBAL.format('<set-variable name="{{n}}" value="1" />')},
        OPERATION,
        False,
    ),
}


def asks(condition: str) -> str:
    return (
        f'<choose><when condition="@({condition})"><set-header name="X"><value>a</value></set-header></when></choose>'
    )


VALIDATE = '<set-variable name="entra-validate" value="true" />'
ASKED = asks('context.Variables.GetValueOrDefault("entra-auth", "") == "true"')
BOTH = 'context.Variables.GetValueOrDefault("entra-auth", (string)context.Variables["entra-validate"]) == "true"'
CHECKS = policy(f"<base />{ASKED}")
SETS = {"policy fragments/f/policy.xml": f"<fragment>{VALIDATE}</fragment>"}
READ_NOT_SET: dict[str, tuple[dict[str, str], str, bool]] = {
    "a fragment sets a similar name": (
        {**SERVICE, **SETS, "apis/orders/policy.xml": policy(f"<base />{INCLUDE}"), OPERATION: CHECKS},
        OPERATION,
        True,
    ),
    "the API includes what sets it, and reads": (
        {**SERVICE, **SETS, "apis/orders/policy.xml": policy(f"<base />{INCLUDE}{ASKED}")},
        "apis/orders/policy.xml",
        True,
    ),
    "a question": (
        {
            **SERVICE,
            "policy.xml": GLOBAL.format(VALIDATE),
            OPERATION: policy(f"<base />{asks('context.Variables.ContainsKey(&quot;entra-auth&quot;)')}"),
        },
        OPERATION,
        True,
    ),
    "a fragment reads it": (
        {
            **SERVICE,
            "policy.xml": GLOBAL.format(f"{VALIDATE}{INCLUDE}"),
            OPERATION: policy("<base />"),
            "policy fragments/f/policy.xml": f"<fragment>{ASKED}</fragment>",
        },
        "policy fragments/f/policy.xml",
        True,
    ),
    "a fragment reads it, and another API sets it": (
        {
            **SERVICE,
            "policy.xml": GLOBAL.format(f"{VALIDATE}{INCLUDE}"),
            OPERATION: policy("<base />"),
            "apis/other/policy.xml": policy('<set-variable name="entra-auth" value="true" /><base />'),
            "policy fragments/f/policy.xml": f"<fragment>{ASKED}</fragment>",
        },
        "policy fragments/f/policy.xml",
        False,
    ),
    "the global policy reads it": (
        {**SERVICE, "policy.xml": GLOBAL.format(f"{VALIDATE}{ASKED}"), OPERATION: policy("<base />")},
        "policy.xml",
        True,
    ),
    "the global policy reads it in an extract of some APIs": (
        {
            **SERVICE,
            "policy.xml": GLOBAL.format(f"{VALIDATE}{ASKED}"),
            OPERATION: policy("<base />"),
            "configuration.extractor.yaml": "apis: [orders]",
        },
        "policy.xml",
        False,
    ),
    "the names are of a series": (
        {
            **SERVICE,
            "policy.xml": GLOBAL.format('<set-variable name="claim1" value="a" />'),
            OPERATION: policy(f"<base />{asks('context.Variables.GetValueOrDefault(&quot;claim2&quot;) == null')}"),
        },
        OPERATION,
        False,
    ),
    "no name is like it": ({**SERVICE, "policy.xml": GLOBAL.format(SET), OPERATION: CHECKS}, OPERATION, False),
    "the global policy sets it": (
        {
            **SERVICE,
            "policy.xml": GLOBAL.format(f'{VALIDATE}<set-variable name="entra-auth" value="true" />'),
            OPERATION: CHECKS,
        },
        OPERATION,
        False,
    ),
    "another operation sets it": (
        {
            **SERVICE,
            "policy.xml": GLOBAL.format(VALIDATE),
            OPERATION: CHECKS,
            "apis/orders/operations/put/policy.xml": policy('<set-variable name="entra-auth" value="1" /><base />'),
        },
        OPERATION,
        True,
    ),
    "the expression reads both names": (
        {**SERVICE, "policy.xml": GLOBAL.format(VALIDATE), OPERATION: policy(f"<base />{asks(BOTH)}")},
        OPERATION,
        False,
    ),
    "a fragment is not known": (
        {**SERVICE, "apis/orders/policy.xml": policy(f"<base />{VALIDATE}{INCLUDE}"), OPERATION: CHECKS},
        OPERATION,
        False,
    ),
    "no global policy is extracted": (
        {"apis/orders/policy.xml": policy(f"<base />{VALIDATE}"), OPERATION: CHECKS},
        OPERATION,
        False,
    ),
}


def write(files: dict[str, str], folder: Path) -> None:
    for file, text in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
        for kind, name in (("apis", "apiInformation.json"), ("products", "productInformation.json")):
            resource = (folder / file).parent if "operations" not in file else (folder / file).parents[2]
            if resource.parent.name == kind and not (resource / name).exists():
                (resource / name).write_text('{"properties": {}}', encoding="utf-8")


@pytest.mark.parametrize("name", NEVER_SET)
def test_a_variable_that_no_scope_sets(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, path, is_found = NEVER_SET[name]
    write(files, tmp_path)
    monkeypatch.chdir(tmp_path)
    checked = CheckRun(CheckProjects(CheckOptions(select=("POL201",)))).one(path)
    assert [finding.message for finding in checked.findings] == ["the variable 'dept' hasn't been set"] * is_found


@pytest.mark.parametrize("name", READ_NOT_SET)
def test_a_variable_that_is_read_with_a_default_and_never_set(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, path, is_found = READ_NOT_SET[name]
    write(files, tmp_path)
    monkeypatch.chdir(tmp_path)
    checked = CheckRun(CheckProjects(CheckOptions(select=("POL201",)))).one(path)
    shown = [(finding.message, finding.label) for finding in checked.findings]
    expected = ("no scope of the service sets the variable 'entra-auth'", "did you mean 'entra-validate'?")
    assert shown == [expected] * is_found


@pytest.mark.parametrize("name", ROWS)
def test_what_wider_scopes_do(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, path, words = ROWS[name]
    write(files, tmp_path)
    monkeypatch.chdir(tmp_path)
    checked = CheckRun(CheckProjects(CheckOptions(select=("POL240",)))).one(path)
    assert checked.problem is None
    messages = [finding.message for finding in checked.findings]
    if words is None:
        assert messages == []
    else:
        assert len(messages) == 1
        assert words in messages[0]


def test_the_cache_notices_a_change_in_a_wider_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from apimpolicy.project.cache import Cache

    monkeypatch.chdir(tmp_path)
    write({**API, **LISTED}, tmp_path)
    counts = []
    for inbound in (LIMIT, SET, LIMIT):
        (tmp_path / "products/gold/policy.xml").write_text(policy(f"<base />{inbound}"), encoding="utf-8")
        cache = Cache("test", str(tmp_path / "cache"))
        run = CheckRun(CheckProjects(CheckOptions(select=("POL240",))), cache)
        counts.append(len(run.one("apis/orders/policy.xml").findings))
        cache.save()
    assert counts == [1, 0, 1]
