"""URIs: their parts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from apimpolicy.symbolic.inverses import inverse
from apimpolicy.symbolic.origins import THROWS

if TYPE_CHECKING:
    from apimpolicy.symbolic.inverses import Asked, Wishes

_URI = "System.Uri."
_SAMPLE = "https://contoso.example/"


@inverse("new System.Uri", f"{_URI}OriginalString", f"{_URI}AbsoluteUri", f"{_URI}ToString")
def itself(asked: Asked) -> Wishes:
    yield {0: asked.wanted}


@inverse(f"{THROWS}new System.Uri", f"{THROWS}new System.UriBuilder")
def is_uri(asked: Asked) -> Wishes:
    yield {0: "x" if asked.wanted else _SAMPLE}


@inverse(f"{_URI}TryCreate")
def created(asked: Asked) -> Wishes:
    yield {0: _SAMPLE if asked.wanted else "::"}


@inverse(f"{_URI}Host", f"{_URI}Authority")
def host(asked: Asked) -> Wishes:
    parts = urlsplit(asked.now(0))
    yield {0: urlunsplit(parts._replace(scheme=parts.scheme or "https", netloc=asked.wanted))}


@inverse(f"{_URI}Scheme")
def scheme(asked: Asked) -> Wishes:
    yield {0: urlunsplit(urlsplit(asked.now(0))._replace(scheme=asked.wanted))}


@inverse(f"{_URI}AbsolutePath", f"{_URI}LocalPath")
def path(asked: Asked) -> Wishes:
    yield {0: urlunsplit(urlsplit(asked.now(0))._replace(path=asked.wanted))}


@inverse(f"{_URI}PathAndQuery")
def path_and_query(asked: Asked) -> Wishes:
    path_, _, query = asked.wanted.partition("?")
    yield {0: urlunsplit(urlsplit(asked.now(0))._replace(path=path_, query=query))}


@inverse(f"{_URI}Query")
def query(asked: Asked) -> Wishes:
    yield {0: urlunsplit(urlsplit(asked.now(0))._replace(query=asked.wanted.removeprefix("?")))}
