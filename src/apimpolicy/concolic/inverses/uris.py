"""URIs: their parts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from apimpolicy.concolic.inverses import inverse
from apimpolicy.concolic.origins import THROWS

if TYPE_CHECKING:
    from apimpolicy.concolic.inverses import InverseQuery, Preimages

_URI = "System.Uri."
_SAMPLE = "https://contoso.example/"


@inverse("new System.Uri", f"{_URI}OriginalString", f"{_URI}AbsoluteUri", f"{_URI}ToString")
def itself(query: InverseQuery) -> Preimages:
    yield {0: query.wanted}


@inverse(f"{THROWS}new System.Uri", f"{THROWS}new System.UriBuilder")
def is_uri(query: InverseQuery) -> Preimages:
    yield {0: "x" if query.wanted else _SAMPLE}


@inverse(f"{_URI}TryCreate")
def created(query: InverseQuery) -> Preimages:
    yield {0: _SAMPLE if query.wanted else "::"}


@inverse(f"{_URI}Host", f"{_URI}Authority")
def host(query: InverseQuery) -> Preimages:
    parts = urlsplit(query.now(0))
    yield {0: urlunsplit(parts._replace(scheme=parts.scheme or "https", netloc=query.wanted))}


@inverse(f"{_URI}Scheme")
def scheme(query: InverseQuery) -> Preimages:
    yield {0: urlunsplit(urlsplit(query.now(0))._replace(scheme=query.wanted))}


@inverse(f"{_URI}AbsolutePath", f"{_URI}LocalPath")
def path(query: InverseQuery) -> Preimages:
    yield {0: urlunsplit(urlsplit(query.now(0))._replace(path=query.wanted))}


@inverse(f"{_URI}PathAndQuery")
def path_and_query(query: InverseQuery) -> Preimages:
    path_, _, query = query.wanted.partition("?")
    yield {0: urlunsplit(urlsplit(query.now(0))._replace(path=path_, query=query))}


@inverse(f"{_URI}Query")
def query(query: InverseQuery) -> Preimages:
    yield {0: urlunsplit(urlsplit(query.now(0))._replace(query=query.wanted.removeprefix("?")))}
