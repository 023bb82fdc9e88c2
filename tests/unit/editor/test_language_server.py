"""The language server as a client sees it: every feature, mistakes of the client, and edits in any order."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from editor_client import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from apimpolicy.csharp.dotnet.metadata import all_definitions
from apimpolicy.editor import signatures
from apimpolicy.editor.rpc import TextDocument, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[3] / "examples"

POLICY = """\
<policies>
    <inbound>
        <base />
        <set-variable name="user" value="@(context.Request.Headers.GetValueOrDefault("X-User", ""))" />
        <choose>
            <when condition="@(((string)context.Variables["user"]).Length > 3)">
                <set-header name="X-Long" exists-action="override">
                    <value>@{
                        var name = context.Variables.GetValueOrDefault<string>("user");
                        return name.Substring(1, 2);
                    }</value>
                </set-header>
            </when>
        </choose>
        <include-fragment fragment-id="correlation" />
        <set-backend-service backend-id="orders" />
    </inbound>
</policies>
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    (root / "orders.xml").write_text(POLICY)
    (root / "correlation.xml").write_text(
        '<fragment><set-variable name="user" value="@(context.RequestId.ToString())" /></fragment>\n'
    )
    (root / "apimpolicy.toml").write_text(
        '[fragments]\ncorrelation = "correlation.xml"\n\n[backends]\norders = "https://orders.example"\n\n'
        '[named-values]\nplain = "value of it"\nhidden = { value = "not to be seen", secret = true }\n'
    )
    shutil.copytree(
        EXAMPLES / "client-certificate", root / "certificates", ignore=shutil.ignore_patterns("__pycache__")
    )
    return root


@pytest.fixture
def client(project: Path) -> Iterator[Client]:
    session = Client(str(project))
    yield session
    assert session.close() == 0


@pytest.fixture
def orders(client: Client, project: Path) -> str:
    return client.open(str(project / "orders.xml"))


def labels(answer: dict[str, Any]) -> list[str]:
    return [item["label"] for item in answer["items"]]


def lines(answer: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(each["uri"].rpartition("/")[2], each["range"]["start"]["line"]) for each in answer]


def test_the_diagnostics_are_those_of_check(client: Client, project: Path) -> None:
    uri = client.open(str(project / "wrong.xml"), POLICY.replace("GetValueOrDefault(", "GetValueOrDefalt("))
    (found,) = [d for d in client.diagnostics(uri) if d["code"] == "CS1061"]
    assert "did you mean 'GetValueOrDefault'?" in found["message"]
    assert found["range"]["start"]["line"] == 3


WRONG = "<policies><inbound><set-body>@(contex.Request.Method)</set-body></inbound></policies>"
TEMPLATES = {
    "main.tf": f'resource "x" "y" {{\n  xml_content = <<XML\n{WRONG}\nXML\n}}\n',
    "main.bicep": f"var policy = '''{WRONG}'''\n",
    "page.md": f"# Page\n\n```xml\n{WRONG}\n```\n",
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_policies_inside_other_files_are_checked_and_completed(client: Client, project: Path, name: str) -> None:
    text = TEMPLATES[name]
    uri = client.open(str(project / name), text)
    assert [d["code"] for d in client.diagnostics(uri)] == ["CS0103"]
    fixed = text.replace("contex.", "context.")
    change = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": fixed}]}
    client.notify("textDocument/didChange", change)
    assert "Method" in labels(client.at(uri, "completion", fixed, "context.Request.|Method"))
    assert client.diagnostics(uri) == []


def test_test_files_are_checked_and_completed(client: Client, project: Path) -> None:
    text = "policy: orders.xml\ncases:\n- name: a\n  expcet: {status: 200}\n  "
    uri = client.open(str(project / "orders.test.yaml"), text)
    (found,) = client.diagnostics(uri)
    assert (found["code"], found["range"]["start"]) == ("POL502", {"line": 3, "character": 2})
    assert "did you mean 'expect'?" in found["message"]
    assert labels(client.at(uri, "completion", text, "}\n  |"))[:2] == ["description", "skip"]
    assert "The policy file" in client.at(uri, "hover", text, "pol|icy")["contents"]["value"]


def test_completion_in_markup_and_code(client: Client, orders: str) -> None:
    assert "set-header" in labels(client.at(orders, "completion", POLICY, "<|choose>"))
    assert "exists-action" in labels(client.at(orders, "completion", POLICY, 'name="X-Long" |exists-action'))
    assert "skip" in labels(client.at(orders, "completion", POLICY, 'exists-action="|override"'))
    assert "correlation" in labels(client.at(orders, "completion", POLICY, 'fragment-id="|correlation'))
    assert "orders" in labels(client.at(orders, "completion", POLICY, 'backend-id="|orders'))
    assert "user" in labels(client.at(orders, "completion", POLICY, 'Variables["|user"]'))
    assert "Substring" in labels(client.at(orders, "completion", POLICY, "name.|Substring"))


def test_headers_of_requests_in_files_of_wider_scopes_and_well_known_ones(tmp_path: Path) -> None:
    policy = '<policies><inbound><set-header name="X-{0}" exists-action="delete" /><base /></inbound></policies>'
    places = {"policy.xml": "Global", "apis/orders/policy.xml": "Api", "apis/orders/operations/get/policy.xml": "Own"}
    for place, name in places.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(policy.format(name))
    (tmp_path / "one.http").write_text("GET /\nX-Sent: 1\n")
    (tmp_path / "a.test.yaml").write_text(
        "policy: policy.xml\ncases:\n- name: a\n  request: {headers: {X-Case: '1'}}\n"
    )
    text = policy.format("Own").replace("<base />", '<set-body>@(context.Request.Headers["")</set-body>')
    session = Client(str(tmp_path))
    uri = session.open(str(tmp_path / "apis/orders/operations/get/policy.xml"), text)
    offered = labels(session.at(uri, "completion", text, '.Headers["|"'))
    assert offered[0] == "X-Own"
    assert {"X-Global", "X-Api", "X-Sent", "X-Case", "Authorization"} <= set(offered)
    assert lines(session.at(uri, "references", text, '"X-|Own"', context={"includeDeclaration": True})) == [
        ("policy.xml", 0)
    ]
    assert session.close() == 0


@pytest.mark.parametrize(
    ("mark", "name", "problem"),
    [
        ("var na|me", "class", "not a valid name for a variable in C#"),
        ("var na|me", "two words", "not a valid name for a variable in C#"),
        ("var na|me", "context", "already has a variable"),
        ('name="us|er"', "a=b", "not a valid name for a variable of policies"),
    ],
)
def test_names_that_would_break_the_policy_are_refused(
    client: Client, orders: str, mark: str, name: str, problem: str
) -> None:
    place = POLICY.index(mark.replace("|", "")) + mark.index("|")
    position = TextDocument(orders, POLICY).position(place)
    answer = client.answer("textDocument/rename", of(orders, position=position, newName=name))
    assert problem in answer["error"]["message"]


def test_references_without_those_that_set(client: Client, orders: str) -> None:
    found = client.at(orders, "references", POLICY, 'name="us|er"', context={"includeDeclaration": False})
    assert lines(found) == [("orders.xml", 5), ("orders.xml", 8)]


def test_all_misspelt_names_at_once(client: Client, project: Path) -> None:
    text = POLICY.replace("set-header", "set-heder").replace("Substring", "Substrin")
    uri = client.open(str(project / "misspelt.xml"), text)
    actions = client.request("textDocument/codeAction", of(uri, range=WHOLE, context={"diagnostics": []}))
    (all_,) = (action for action in actions if action["kind"] == "source.fixAll")
    assert [edit["newText"] for edit in all_["edit"]["changes"][uri]] == ["set-header", "Substring", "set-header"]


def test_signature_help_of_indexers(client: Client, project: Path) -> None:
    text = POLICY.replace('context.Variables["user"]', "context.Variables[")
    uri = client.open(str(project / "index.xml"), text)
    (found,) = client.at(uri, "signatureHelp", text, "context.Variables[|")["signatures"]
    assert found["label"] == "object IReadOnlyDictionary<string, object>[string key]"


def test_what_is_offered_fits_where_it_is_put(client: Client, orders: str) -> None:
    answer = client.at(orders, "completion", POLICY, "context.Request.Hea|ders.GetValue")
    edit = next(item["textEdit"] for item in answer["items"] if item["label"] == "Headers")
    assert (edit["range"]["start"]["character"], edit["range"]["end"]["character"]) == (59, 62)


HOVERS = [
    ("<cho|ose>", "run the policies of the first `when`"),
    ('exists-ac|tion="override"', "one of"),
    ("name.Sub|string", "string Substring(int startIndex, int length)"),
    ("var na|me", "string name"),
    ('Variables["us|er"]', "The variable `user`: `string`"),
    ('<set-variable name="us|er"', "Sets the variable `user`: `string`"),
    ("context.Req|uest.Headers", "as policies before this one have changed it"),
    ('Headers.GetValue|OrDefault("X-User"', "joined with commas"),
    ('backend-id="ord|ers"', "https://orders.example"),
]


def test_notes_are_about_members_that_exist() -> None:
    path = Path(signatures.__file__).with_name("member_notes.toml")
    definitions = {definition.name: definition for definition in all_definitions()}
    for name, notes in tomllib.loads(path.read_text("utf-8")).items():
        assert set(notes) <= {member.name for member in definitions[name].all_members()}, name


@pytest.mark.parametrize(("mark", "said"), HOVERS)
def test_hover(client: Client, orders: str, mark: str, said: str) -> None:
    assert said in client.at(orders, "hover", POLICY, mark)["contents"]["value"]


def test_hover_shows_a_fragment_and_what_it_sets(client: Client, project: Path) -> None:
    project = project / "fragments"
    project.mkdir()
    (project / "apimpolicy.toml").write_text('[fragments]\ncaller = "caller.xml"\n')
    (project / "caller.xml").write_text('<fragment>\n<set-variable name="caller" value="anna" />\n</fragment>\n')
    text = (
        '<policies><inbound><include-fragment fragment-id="caller" /><set-header name="a"><value>'
        '@((string)context.Variables["caller"] + context.Variables["nobody"])</value></set-header></inbound></policies>'
    )
    uri = client.open(str(project / "including.xml"), text)
    assert '<set-variable name="caller"' in client.at(uri, "hover", text, 'fragment-id="cal|ler"')["contents"]["value"]
    assert "set in caller.xml" in client.at(uri, "hover", text, 'Variables["cal|ler"]')["contents"]["value"]
    assert (
        "which nothing before this sets" in client.at(uri, "hover", text, 'Variables["nob|ody"]')["contents"]["value"]
    )
    page = client.at(uri, "hover", text, "<include-fra|gment")["contents"]["value"]
    assert "Gateway(" not in page


def test_secret_named_values_are_not_shown(client: Client, project: Path) -> None:
    text = (
        '<policies><inbound><set-header name="a"><value>{{hidden}}{{plain}}</value></set-header></inbound></policies>'
    )
    uri = client.open(str(project / "secret.xml"), text)
    assert "not to be seen" not in client.at(uri, "hover", text, "{{hid|den")["contents"]["value"]
    assert "value of it" in client.at(uri, "hover", text, "{{pla|in")["contents"]["value"]
    assert "not to be seen" not in str(client.at(uri, "completion", text, "{{hid|den"))


def test_signature_help_says_the_parameter(client: Client, orders: str) -> None:
    answer = client.at(orders, "signatureHelp", POLICY, "Substring(1, |2)")
    chosen = answer["signatures"][answer["activeSignature"]]
    assert chosen["label"] == "string Substring(int startIndex, int length)"
    assert answer["activeParameter"] == 1


def test_definitions(client: Client, orders: str) -> None:
    assert ("orders.xml", 3) in lines(client.at(orders, "definition", POLICY, 'Variables["us|er"]'))
    assert lines(client.at(orders, "definition", POLICY, 'fragment-id="corr|elation')) == [("correlation.xml", 0)]
    assert lines(client.at(orders, "definition", POLICY, 'backend-id="ord|ers')) == [("apimpolicy.toml", 4)]
    assert lines(client.at(orders, "definition", POLICY, "return na|me")) == [("orders.xml", 8)]


def test_base_leads_to_the_wider_scope(client: Client, tmp_path: Path) -> None:
    text = "<policies><inbound><base /></inbound></policies>"
    for name in ("apis/orders/operations/list/policy.xml", "apis/orders/policy.xml", "policy.xml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for name, wider in (("operations/list/policy.xml", "apis/orders/policy.xml"), ("policy.xml", "policy.xml")):
        uri = client.open(str(tmp_path / "apis/orders" / name))
        (found,) = client.at(uri, "definition", text, "<ba|se")
        assert found["uri"] == f"file://{tmp_path / wider}"


def test_a_variable_is_renamed_in_every_file_of_its_requests(client: Client, orders: str) -> None:
    found = client.at(orders, "references", POLICY, 'Variables["us|er"]', context={"includeDeclaration": True})
    assert lines(found) == [("orders.xml", 3), ("orders.xml", 5), ("orders.xml", 8), ("correlation.xml", 0)]
    edits = client.at(orders, "rename", POLICY, 'Variables["us|er"]', newName="caller")["changes"]
    assert sorted(uri.rpartition("/")[2] for uri in edits) == ["correlation.xml", "orders.xml"]
    assert client.at(orders, "rename", POLICY, "return na|me", newName="x")["changes"][orders]
    assert client.at(orders, "prepareRename", POLICY, "<cho|ose>") is None


def of(uri: str, **more: Any) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, **more}


WHOLE = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}


def test_shapes(client: Client, orders: str) -> None:
    (root,) = client.request("textDocument/documentSymbol", of(orders))
    assert [child["name"] for child in root["children"][0]["children"]][1] == "set-variable"
    folds = client.request("textDocument/foldingRange", of(orders))
    assert {"startLine": 7, "endLine": 10, "kind": "region"} in folds
    (selected,) = client.request("textDocument/selectionRange", of(orders, positions=[{"line": 9, "character": 40}]))
    sizes = []
    while selected:
        sizes.append(selected["range"]["end"]["line"] - selected["range"]["start"]["line"])
        selected = selected.get("parent")
    assert len(sizes) > 6
    assert sizes == sorted(sizes)
    assert client.request("workspace/symbol", {"query": "use"})


def test_colours_stand_in_order_on_one_line_each(client: Client, orders: str) -> None:
    data = client.request("textDocument/semanticTokens/full", of(orders))["data"]
    assert len(data) % 5 == 0
    assert all(length > 0 for length in data[2::5])


def test_inlay_hints(client: Client, orders: str) -> None:
    hints = [hint["label"] for hint in client.request("textDocument/inlayHint", of(orders, range=WHOLE))]
    assert hints == [": string", "startIndex:", "length:"] or ": string" in hints


def test_format_on_request(client: Client, project: Path) -> None:
    uri = client.open(str(project / "flat.xml"), POLICY.replace("    ", ""))
    options = {"tabSize": 2, "insertSpaces": True}
    edits = client.request("textDocument/formatting", of(uri, options=options))
    document = TextDocument(uri, POLICY.replace("    ", ""))
    document.change([{"range": e["range"], "text": e["newText"]} for e in reversed(edits)], 2)
    assert document.text == POLICY  # the project's style counts, not the editor's


def test_format_some_lines_and_while_typing(client: Client, project: Path) -> None:
    text = POLICY.replace("    ", "")
    uri = client.open(str(project / "flat.xml"), text)
    options = {"tabSize": 4, "insertSpaces": True}
    lines = {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}}
    edits = client.request("textDocument/rangeFormatting", of(uri, options=options, range=lines))
    assert [edit["range"]["start"]["line"] for edit in edits] == [1, 2]
    typed = of(uri, options=options, position={"line": 2, "character": 0}, ch="\n")
    assert client.request("textDocument/onTypeFormatting", typed) == edits


ACTIONS = [
    ("GetValueOrDefalt", "Change to 'GetValueOrDefault'", "GetValueOrDefault("),
    ("Certificate.Thumbprint", "Use '?.', which returns null for null", "Certificate?.Thumbprint"),
    ("Certificate.Thumbprint", "Ignore POL303 here", "<!-- apimpolicy: ignore POL303: "),
    ('Variables["ID"]', "Change to 'id'", 'Variables["id"]'),
]


@pytest.mark.parametrize(("code", "title", "new"), ACTIONS)
def test_code_actions_mend_what_they_say(client: Client, project: Path, code: str, title: str, new: str) -> None:
    call = '("a", "")' if code.startswith("Get") else ""
    member = f"Headers.{code}{call}" if call else code
    code = f"context.Request.{member}".replace("Request.Variables", "Variables")
    variable = '<set-variable name="id" value="1" />\n    '
    header = f'{variable}<set-header name="a"><value>@((string){code})</value></set-header>'
    text = f"<policies>\n  <inbound>\n    {header}\n  </inbound>\n</policies>\n"
    uri = client.open(str(project / "action.xml"), text)
    found = client.request("textDocument/codeAction", of(uri, range=WHOLE, context={"diagnostics": []}))
    action = next(action for action in found if action["title"] == title)
    document = TextDocument(uri, text)
    document.change([{"range": e["range"], "text": e["newText"]} for e in action["edit"]["changes"][uri]], 2)
    assert new in document.text


def test_a_thumbprint_becomes_a_named_value(client: Client, project: Path) -> None:
    text = f'<policies><inbound><set-header name="a"><value>{"AB" * 20}</value></set-header></inbound></policies>'
    uri = client.open(str(project / "thumbprint.xml"), text)
    found = client.request("textDocument/codeAction", of(uri, range=WHOLE, context={"diagnostics": []}))
    changes = found[-1]["edit"]["changes"]
    assert changes[uri][0]["newText"] == "{{thumbprint}}"
    assert "AB" in changes[f"file://{project / 'apimpolicy.toml'}"][0]["newText"]


def test_tests_run_from_the_policy_and_their_outcome_is_shown(client: Client, project: Path) -> None:
    policy = client.open(str(project / "certificates" / "orders.xml"))
    run = client.request("textDocument/codeLens", of(policy))[0]["command"]
    assert run["title"] == "Run 9 tests"
    found = client.request("workspace/executeCommand", {"command": run["command"], "arguments": run["arguments"]})
    assert {case["status"] for case in found["cases"]} == {"passed"}
    (covered,) = found["coverage"]
    assert covered["path"].endswith("orders.xml")
    assert {len(tests) for branch in covered["branches"] for tests in branch["outcomes"].values()} >= {1, 8}
    titles = [lens["command"]["title"] for lens in client.request("textDocument/codeLens", of(policy))]
    assert "all passed" in titles
    assert "8 cases came here" in titles
    cases = client.open(str(project / "certificates" / "orders.test.yaml"))
    lenses = client.request("textDocument/codeLens", of(cases))
    assert [lens["command"]["title"] for lens in lenses[:3]] == ["Run", "Debug", "passed"]


def test_a_suppression_is_completed_with_the_codes_that_were_found(client: Client, tmp_path: Path) -> None:
    text = "<policies><inbound><!-- apimpolicy: ignore P --><set-hedder /></inbound></policies>"
    uri = client.open(str(tmp_path / "suppressed.xml"), text)
    (found, _) = client.diagnostics(uri)
    assert found["codeDescription"]["href"].endswith("/reference/codes/#pol042")
    items = client.at(uri, "completion", text, "ignore P|")["items"]
    assert {item["label"] for item in items[:2]} == {"POL042", "POL101"}
    assert {"POL301", "CS1061"} <= set(labels({"items": items}))
    assert labels(client.at(uri, "completion", text, "apimpolicy: |ignore")) == ["ignore", "ignore-file"]


def test_all_policies_are_checked_on_request_and_outcomes_are_forgotten_when_files_change(tmp_path: Path) -> None:
    wrong = "<policies><inbound><set-hedder /></inbound></policies>"
    (tmp_path / "wrong.xml").write_text(wrong)
    (tmp_path / "right.xml").write_text("<policies><inbound><base /></inbound></policies>")
    case = "{name: a, request: {get: /}, expect: {status: 200}}"
    (tmp_path / "right.test.yaml").write_text(f"policy: right.xml\ncases: [{case}]\n")
    client = Client(str(tmp_path))
    run = "workspace/executeCommand"
    assert client.request(run, {"command": "apimpolicy.checkAll"}) == 2
    assert client.diagnostics(f"file://{tmp_path}/wrong.xml")[0]["code"] == "POL101"
    client.open(str(tmp_path / "wrong.xml"))
    refused = client.answer(run, {"command": "apimpolicy.explain", "arguments": [str(tmp_path / "wrong.xml")]})
    assert "wrong.xml has an error" in refused["error"]["message"]
    uri = client.open(str(tmp_path / "right.xml"))

    def titles() -> set[str]:
        return {lens["command"]["title"] for lens in client.request("textDocument/codeLens", of(uri))}

    client.request(run, {"command": "apimpolicy.runTests", "arguments": [[str(tmp_path / "right.test.yaml")]]})
    assert "all passed" in titles()
    change = {"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}, "text": " "}
    client.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]})
    assert "all passed" not in titles()
    assert client.close() == 0


def test_tags_change_together_and_members_lead_to_their_page(client: Client, tmp_path: Path) -> None:
    text = '<policies><inbound><set-body a="1">@(context.Request.Method)</set-body><base /></inbound></policies>'
    uri = client.open(str(tmp_path / "linked.xml"), text)
    names = client.at(uri, "linkedEditingRange", text, "<set-bo|dy")["ranges"]
    assert names == client.at(uri, "linkedEditingRange", text, "</set-body|>")["ranges"]
    assert [each["end"]["character"] - each["start"]["character"] for each in names] == [8, 8]
    for elsewhere in ("<ba|se", 'a="|1"'):
        assert client.at(uri, "linkedEditingRange", text, elsewhere) is None
    (page,) = client.at(uri, "definition", text, "Request.Meth|od")
    lines = Path(path_of(page["uri"])).read_text("utf-8").splitlines()
    assert "string Method" in lines[page["range"]["start"]["line"]]


def test_a_fragment_is_renamed_with_its_key_and_its_file(tmp_path: Path) -> None:
    text = '<policies><inbound><include-fragment fragment-id="log" /></inbound></policies>'
    (tmp_path / "apimpolicy.toml").write_text('[fragments]\nlog = "parts/log.xml"\n')
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "log.xml").write_text("<fragment />")
    (tmp_path / "a.xml").write_text(text)
    client = Client(str(tmp_path))
    uri = client.open(str(tmp_path / "a.xml"))
    found = client.at(uri, "rename", text, 'fragment-id="l|og"', newName="log-all")["documentChanges"]
    edits = {edit["newText"] for change in found[:-1] for edit in change["edits"]}
    assert edits == {"log-all", "parts/log-all.xml"}
    assert {path_of(change["textDocument"]["uri"])[-15:] for change in found[:-1]} == {
        f"{tmp_path}/a.xml"[-15:],
        "apimpolicy.toml",
    }
    assert found[-1]["kind"] == "rename"
    assert found[-1]["newUri"].endswith("/parts/log-all.xml")
    place = of(uri, position={"line": 0, "character": text.index("log")}, newName="log all")
    assert "not a valid id" in client.answer("textDocument/rename", place)["error"]["message"]
    assert client.close() == 0


def test_a_fragment_is_not_renamed_where_its_folder_cannot_be(tmp_path: Path) -> None:
    text = '<policies><inbound><include-fragment fragment-id="log" /></inbound></policies>'
    for name in ("apis/orders", "policy fragments/log"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "policy fragments/log/policy.xml").write_text("<fragment />")
    policy = tmp_path / "apis/orders/policy.xml"
    policy.write_text(text)
    client = Client(str(tmp_path), can_move_files=False)
    uri = client.open(str(policy))
    place = of(uri, position={"line": 0, "character": text.index("log")}, newName="log-all")
    message = client.answer("textDocument/rename", place)["error"]["message"]
    assert "the fragment 'log' can't be renamed: its name is that of " in message
    assert client.close() == 0


def test_lists_are_short_for_clients_that_ask_for_documentation(tmp_path: Path) -> None:
    item = {"snippetSupport": True, "resolveSupport": {"properties": ["documentation"]}}
    client = Client(
        str(tmp_path), completion={"completionItem": item, "completionList": {"itemDefaults": ["editRange"]}}
    )
    text = "<policies><inbound><set-body>@{ var path = context.Request.Url; r }</set-body></inbound></policies>"
    uri = client.open(str(tmp_path / "a.xml"), text)
    found = client.at(uri, "completion", text, "r| }")
    assert len(json.dumps(found)) < 40_000
    assert not any("documentation" in each or "textEdit" in each for each in found["items"])
    members = client.at(uri, "completion", text, "Request.|Url")["items"]
    url = next(each for each in members if each["label"] == "Url")
    assert "IUrl" in client.request("completionItem/resolve", url)["documentation"]["value"]
    stale = client.request("completionItem/resolve", {**url, "data": 7})
    assert "documentation" not in stale
    assert client.close() == 0


def test_explain_and_journey_take_a_request_or_a_case_and_remember_it(client: Client, project: Path) -> None:
    policy = str(project / "certificates" / "orders.xml")
    cases = str(project / "certificates" / "orders.test.yaml")
    case = {"path": cases, "name": "a request without a certificate is refused"}

    def ask(command: str, *asked: Any) -> Any:
        return client.answer("workspace/executeCommand", {"command": command, "arguments": [policy, *asked]})

    request = {"request": {"get": "/orders/17", "headers": {"X-Id": "1"}, "certificate": "partner"}}
    first = ask("apimpolicy.explain", request)["result"]
    assert "partner" in first
    assert ask("apimpolicy.explain")["result"].split("(")[0] == first.split("(")[0]  # keys are made anew
    assert "403" in ask("apimpolicy.explain", {"case": case})["result"]
    assert "<html" in ask("apimpolicy.journey", {"case": case})["result"].lower()
    for wrong in ("--html", {"html": "x"}, {"request": {"gets": "/"}}):
        assert "error" in ask("apimpolicy.journey", wrong)


def test_the_operations_of_a_service_are_offered(client: Client, tmp_path: Path) -> None:
    place = tmp_path / "apis" / "orders" / "operations" / "list"
    place.mkdir(parents=True)
    (tmp_path / "policy.xml").write_text("<policies />")
    text = (
        '<policies><inbound><rate-limit calls="1" renewal-period="9"><api id=""><operation id="" /></api></rate-limit>'
    )
    uri = client.open(str(place / "policy.xml"), text)
    assert "orders" in labels(client.at(uri, "completion", text, '<api id="|"'))
    assert "list" in labels(client.at(uri, "completion", text, '<operation id="|"'))


def test_a_first_test_is_written_for_a_branch(client: Client, tmp_path: Path) -> None:
    (tmp_path / "orders.xml").write_text(POLICY.replace('<include-fragment fragment-id="correlation" />', ""))
    uri = client.open(str(tmp_path / "orders.xml"))
    place = {"start": {"line": 6, "character": 20}, "end": {"line": 6, "character": 20}}
    found = client.request("textDocument/codeAction", of(uri, range=place, context={"diagnostics": []}))
    command = next(action["command"] for action in found if "test for this branch" in action["title"])
    made = client.request("workspace/executeCommand", {k: command[k] for k in ("command", "arguments")})
    assert "cases:" in Path(path_of(made["uri"])).read_text()


# ------------------------------------------------------------------------------------------------ mistakes


def test_mistakes_of_the_client_are_answers(client: Client, orders: str) -> None:
    assert client.answer("textDocument/nonsense", {})["error"]["code"] == -32601
    assert client.answer("textDocument/hover", of("file:///not/open", position=WHOLE["start"]))["error"]
    assert client.answer("textDocument/hover", of(orders))["error"]["code"] == -32602
    assert client.answer("workspace/executeCommand", {"command": "nonsense"})["error"]
    assert client.at(orders, "hover", POLICY, "<cho|ose>")


def test_a_crash_is_an_error_answer(client: Client, orders: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from apimpolicy.editor import language_features

    def crash(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setitem(language_features.FEATURES, "textDocument/hover", crash)
    assert "ZeroDivisionError" in client.answer("textDocument/hover", of(orders))["error"]["message"]
    assert client.request("textDocument/documentSymbol", of(orders))


def test_a_configuration_with_mistakes_is_told_and_nothing_ends(client: Client, tmp_path: Path) -> None:
    (tmp_path / "apimpolicy.toml").write_text("[check]\nselect = 3\n")
    (tmp_path / "orders.xml").write_text(POLICY)
    uri = client.open(str(tmp_path / "orders.xml"))
    assert client.diagnostics(uri) == []
    assert any("select" in str(message) for message in client.notifications)


# ------------------------------------------------------------------------------------------------ edits

PIECES = st.sampled_from(
    ['"', "<", ">", "@(", "@{", "}", ")", "</", "<when ", "{{", ".", " ", "\n", "&amp;", "-->", "<!--"]
)


@settings(max_examples=15)
@given(st.data())
def test_no_edit_ends_the_session(data: st.DataObject) -> None:
    client = Client()
    uri = client.open("/nowhere/orders.xml", POLICY)
    text, version = POLICY, 1
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 30)))
        document = TextDocument(uri, text)
        new = data.draw(PIECES)
        version += 1
        change = {"range": document.range(start, end), "text": new}
        client.notify(
            "textDocument/didChange",
            of(uri, contentChanges=[change]) | {"textDocument": {"uri": uri, "version": version}},
        )
        text = text[:start] + new + text[end:]
        position = TextDocument(uri, text).position(start + len(new))
        for method in ("completion", "hover", "signatureHelp", "definition", "prepareRename"):
            client.request(f"textDocument/{method}", of(uri, position=position))
        for method in ("documentSymbol", "foldingRange", "semanticTokens/full", "codeLens"):
            client.request(f"textDocument/{method}", of(uri))
        client.request("textDocument/selectionRange", of(uri, positions=[position]))
        client.request("textDocument/inlayHint", of(uri, range=WHOLE))
        client.request("textDocument/codeAction", of(uri, range=WHOLE, context={"diagnostics": []}))
        client.request("textDocument/formatting", of(uri, options={"tabSize": 4, "insertSpaces": True}))
    assert client.server.documents[uri].text == text
    assert client.close() == 0
