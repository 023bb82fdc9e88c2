"""Paths of URLs: without dot segments, as HTTP.sys, Kestrel and System.Uri have them."""

from __future__ import annotations

from itertools import product

import pytest

from apimpolicy.gateway.context.records import Request
from apimpolicy.gateway.context.urls import Url
from apimpolicy.gateway.engine.gateway import Gateway
from apimpolicy.reasoning.semantics.state import PATH

ROWS = {
    "/shop/public/../admin/1": "/shop/admin/1",
    "/shop/public/%2e%2e/admin/1": "/shop/admin/1",
    "/shop/public/%2E./admin/1": "/shop/admin/1",
    "/a/./b/.": "/a/b/",
    "/a/..": "/",
    "/../../a": "/a",
    "/a/...": "/a/...",
    "/a/.b/..c": "/a/.b/..c",
    "/a/..%2Fb": "/a/..%2Fb",
    "/a%2f../b": "/a%2f../b",
    "/a?b=/../c": "/a",
}


@pytest.mark.parametrize(("written", "path"), ROWS.items())
def test_a_path_has_no_dot_segments(written: str, path: str) -> None:
    assert Url.parse(f"https://contoso.example{written}").path == path


def test_policies_and_backends_see_the_path_without_them() -> None:
    header = '<set-header name="X"><value>@(context.Request.Url.Path)</value></set-header>'
    policy = f"<policies><inbound>{header}</inbound></policies>"
    result = Gateway().run(policy, Request("GET", "https://contoso.example/shop/public/%2e%2e/admin/1"))
    (sent,) = result.backend_requests
    assert (sent.headers.get("X"), sent.url.rpartition("contoso.example")[2]) == ("/shop/admin/1", "/shop/admin/1")


def test_the_prover_knows_the_same_paths() -> None:
    """The language of a request's path has exactly the paths that a URL keeps as they are."""
    for parts in product(("a", ".", "..", "%2e", "%2E%2e", "...", ".a", ""), repeat=3):
        path = "/" + "/".join(parts)
        assert PATH.accepts(path) == (Url.parse(f"https://a.example{path}").path == path), path
