"""Reading documents, and what becomes of unreadable ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy import ConfigurationError, Gateway, LimitExceededError, PolicySyntaxError, PolicyTypeError, load_policy

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        ("<policies><inbound/><outbound/></policies>", ["inbound", "outbound"]),
        ("\ufeff<!-- a comment --><policies><on-error/></policies>", ["on-error"]),
        ("<inbound/><outbound/>", ["inbound", "outbound"]),
        ("<fragment><base/></fragment>", ["inbound"]),
        ("<set-method>GET</set-method>", ["inbound"]),
    ],
)
def test_roots(text: str, sections: list[str]) -> None:
    assert list(load_policy(text).sections) == sections


def test_policies_that_stand_alone_run_as_inbound() -> None:
    snippet = (
        "<set-variable name='a' value='1'/><choose><when condition='true'><set-method>PUT</set-method></when></choose>"
    )
    result = Gateway().run(snippet, "/")
    assert result.variables == {"a": "1"}
    assert result.backend_requests[0].method == "PUT"


def test_a_file_by_path_text_and_bytes(tmp_path: Path) -> None:
    file = tmp_path / "orders.xml"
    file.write_bytes(b"\xef\xbb\xbf<policies>\r\n<inbound/></policies>")
    for policy in (load_policy(file), load_policy(str(file))):
        assert policy.path == str(file)
    assert load_policy(file.read_bytes(), path="named").path == "named"


@pytest.mark.parametrize("name", ["missing.xml", ".", "nul\0"])
def test_files_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot read the policy"):
        load_policy(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "POL005"),
        ("  ", "POL005"),
        ("<policies><inbound>", "POL006"),
        ("<apis/>", "POL110"),
        (b"<a>\xff</a>", "POL002"),
    ],
)
def test_documents_that_cannot_be_read(text: str | bytes, code: str) -> None:
    with pytest.raises(PolicySyntaxError) as raised:
        load_policy(text)
    assert code in [finding.code for finding in raised.value.diagnostics]


def test_named_values_wait_for_the_gateway() -> None:
    policy = load_policy("<inbound><set-variable name='a' value='{{b}}'/></inbound>")
    assert policy.diagnostics == []
    assert Gateway(named_values={"b": "c"}).run(policy, "/").variables == {"a": "c"}
    with pytest.raises(PolicySyntaxError) as raised:
        Gateway().run(policy, "/")
    assert [finding.code for finding in raised.value.diagnostics] == ["POL001"]


@pytest.mark.parametrize(
    ("code", "error", "diagnostic"),
    [("@(1 +)", PolicySyntaxError, "CS1525"), ("@(context.Requst)", PolicyTypeError, "CS1061")],
)
def test_an_expression_that_does_not_compile_is_refused_wherever_it_stands(
    code: str, error: type[Exception], diagnostic: str
) -> None:
    text = f"<inbound><choose><when condition='false'><set-variable name='a' value='{code}'/></when></choose></inbound>"
    with pytest.raises(error) as raised:
        Gateway().run(text, "/")
    (finding,) = raised.value.diagnostics  # type: ignore[attr-defined]
    assert (finding.code, finding.position.line) == (diagnostic, 1)


def test_base_given_again_and_again_has_a_limit() -> None:
    wide = "<inbound>" + "<base/>" * 500 + "</inbound>"
    with pytest.raises(LimitExceededError, match="policy_steps"):
        Gateway().run({"product": wide, "api": wide, "operation": wide, "global": wide}, "/")


def test_deep_nesting_runs() -> None:
    text = "<inbound>" + "<choose><when condition='true'>" * 95 + "</when></choose>" * 95 + "</inbound>"
    assert len(Gateway().run(text, "/").trace.named("when")) == 95


def test_what_changes_is_read_anew(tmp_path: Path) -> None:
    """A file, a named value, a fragment: each counts with the next request."""
    file = tmp_path / "policy.xml"

    def write(status: str) -> None:
        file.write_text(
            f"""<inbound><include-fragment fragment-id="a" /><return-response>
            <set-status code="{status}" reason="{{{{why}}}}" /></return-response></inbound>""",
            encoding="utf-8",
        )

    def answer() -> tuple[int, str, int]:
        result = gateway.run(file, "/")
        return result.response.status_code, result.response.reason, len(result.variables)

    fragment = '<fragment><set-variable name="v" value="1" /></fragment>'
    gateway = Gateway(named_values={"why": "one"}, fragments={"a": fragment})
    write("418")
    assert answer() == (418, "one", 1)
    write("419")
    assert answer() == (419, "one", 1)
    gateway.named_values["why"] = "two"
    assert answer() == (419, "two", 1)
    gateway.fragments["a"] = "<fragment></fragment>"
    assert answer() == (419, "two", 0)


def test_a_changed_named_value_reaches_documents_that_were_read_before() -> None:
    gateway = Gateway(named_values={"code": "418"})
    policy = load_policy("<inbound><return-response><set-status code='{{code}}' /></return-response></inbound>")
    assert gateway.run({"api": policy}, "/").response.status_code == 418
    other = Gateway(named_values={"code": "418"})
    other.adopt(gateway)
    gateway.named_values["code"] = "419"
    assert gateway.run({"api": policy}, "/").response.status_code == 419
    assert other.run({"api": policy}, "/").response.status_code == 418
