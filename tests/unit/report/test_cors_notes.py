"""What `explain` says to people whose browser only says that CORS failed."""

from __future__ import annotations

import pytest

from apimpolicy import Gateway, Request
from apimpolicy.report.explanation import explain

CORS = """<cors allow-credentials="true"{attributes}>
    <allowed-origins><origin>https://a.example</origin></allowed-origins>
    <allowed-methods><method>GET</method><method>PUT</method></allowed-methods>
    <allowed-headers><header>X-A</header></allowed-headers></cors>"""
REFUSE = '<return-response><set-status code="403" /></return-response>'
WITHOUT = "The response has no Access-Control-Allow-Origin, so the browser "
UNSENT = f"{WITHOUT}does not send the request and reports a CORS error."
KEPT = WITHOUT + "hides it from the page of {} and reports a CORS error."
GATEWAY = "the gateway itself, which responds to every preflight with 200"


def explained(
    policies: str, method: str = "GET", origin: str = "https://a.example", **headers: str
) -> tuple[str, list[str]]:
    policy = f"<policies><inbound>{policies}</inbound></policies>"
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    url = "https://contoso.example/orders"
    found = explain(Gateway().run({"api": policy}, Request(method, url, headers={"Origin": origin, **given})))
    return found.decided_by, found.notes


def preflight(
    policies: str, method: str = "GET", origin: str = "https://a.example", asked: str = ""
) -> tuple[str, list[str]]:
    headers = {"Access_Control_Request_Method": method, "Access_Control_Request_Headers": asked}
    return explained(policies, "OPTIONS", origin, **headers)


@pytest.mark.parametrize(
    ("method", "origin", "asked", "reason"),
    [
        ("GET", "https://b.example", "", "https://b.example is not allowed"),
        (
            "GET",
            "http://a.example",
            "",
            "http://a.example is not allowed, unlike https://a.example: scheme and port count",
        ),
        ("POST", "https://a.example", "", "the method POST is not allowed, only GET, PUT"),
        ("put", "https://a.example", "x-a, X-B,Accept", "the header X-B is not allowed"),
        (
            "DELETE",
            "https://b.example",
            "X-C",
            "https://b.example is not allowed; the method DELETE is not allowed, only GET, PUT;"
            " the header X-C is not allowed",
        ),
    ],
)
def test_a_preflight_that_is_refused(method: str, origin: str, asked: str, reason: str) -> None:
    decided_by, notes = preflight(CORS.format(attributes=""), method, origin, asked)
    assert decided_by == GATEWAY
    assert notes == [UNSENT, f"<api policy>:1 cors: {reason}."]


def test_a_preflight_that_cors_ends() -> None:
    decided_by, notes = preflight(CORS.format(attributes=""))
    assert (decided_by, notes) == ("<api policy>:1 cors", [])
    decided_by, notes = preflight(CORS.format(attributes=' terminate-unmatched-request="true"'), "POST")
    assert decided_by == "<api policy>:1 cors"
    assert notes[0] == UNSENT


def test_an_answer_that_the_page_does_not_get() -> None:
    cors = CORS.format(attributes="")
    assert explained(cors + REFUSE, origin="https://b.example") == (
        "<api policy>:4 return-response",
        [KEPT.format("https://b.example"), "<api policy>:1 cors: https://b.example is not allowed."],
    )
    late = "No cors policy ran before the response was decided."
    assert explained(REFUSE + cors)[1] == [KEPT.format("https://a.example"), late]


@pytest.mark.parametrize(
    "origin", ["%%", "null", "http://[::bad", "https://contoso.example:8443", "http://contoso.example"]
)
def test_an_origin_may_be_anything(origin: str) -> None:
    assert explained(REFUSE, origin=origin)[1][0] == KEPT.format(origin)


@pytest.mark.parametrize("origin", ["https://a.example", "https://contoso.example", "https://CONTOSO.example:443"])
def test_nothing_is_said_when_all_is_well(origin: str) -> None:
    """The page of the gateway's own host needs no permission."""
    assert explained(CORS.format(attributes="") + REFUSE, origin=origin)[1] == []
