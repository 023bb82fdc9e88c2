"""Hide secrets in everything that is written for people or programs; `without_secrets` is the one function for that.

Hidden (`***`) are the secret named values; tokens, keys and passwords that a request or a response carries in headers,
in its URL or in its body; and, wherever they are written, parameters of URLs such as `sig=…`, fields such as
`"client_secret": "…"`, the password of `https://user:password@host`, and JSON Web Tokens. A known secret is found as
it is, trimmed, line by line, and in its forms in JSON, in HTML, in URLs and in base 64; what a policy makes of it
otherwise (a hash, a part of it) is not. A text of fewer than `SHORTEST` characters is no secret: hiding it would make a
riddle of everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any

from apimpolicy.errors import ConfigurationError

HIDDEN = "***"
SHORTEST = 4
SHORTEST_IN_MESSAGES = 8
MOST = 10_000
"""Secrets that one process hides; an instance of the classic tiers has at most so many named values."""
_MOST_LINES = 100
_HEADERS = frozenset(
    {
        *("authorization", "proxy-authorization", "cookie", "set-cookie", "ocp-apim-subscription-key", "api-key"),
        *("x-api-key", "apikey", "x-functions-key", "x-auth-token", "x-ms-authorization-auxiliary"),
    }
)
_FIELDS = (
    *("subscription-key", "client_secret", "client_assertion", "access_token", "refresh_token", "id_token"),
    *("api-key", "api_key", "apikey", "password", "sharedaccesskey", "accountkey"),
)
"""Parameters and JSON fields whose value is a secret wherever they are written."""
_IN_QUERIES = ("sig", "signature", "sv-sig")
"""Parameters whose value is a secret in a URL; elsewhere these words mean other things."""
_LONG_IN_QUERIES = ("code", "key", "token")
"""URL parameters, secret if long: `code=DE` is a country, an Azure Function code has 56 characters."""
_HINTS = ("key", "secret", "assertion", "token", "password", "sig", "code", "eyj")
_SCHEME = r"[A-Za-z][\w-]*[ ]+(?=\S)"

_known: dict[str, None] = {}
_pattern: re.Pattern[str] | None = None
_of_messages: ContextVar[tuple[str, ...]] = ContextVar("secrets of messages", default=())
"""The forms of what the messages carry that are written in this thread or task."""
_are_shown = False
_are_requests_invented = False
_source: str | None = None
"""The only text that secrets may come from; None for any."""
_have_been_hidden = False


def show_secrets(are_shown: bool = True) -> None:
    """From now on, hide nothing (or hide again): for those who must see."""
    global _are_shown
    _are_shown = are_shown


def requests_are_invented(are_invented: bool = True) -> None:
    """Until a command ends, hide only what is known to be secret: a solver made up the requests that are written.

    `***` in the place of a parameter would make another request of it.
    """
    global _are_requests_invented
    _are_requests_invented = are_invented


def secrets_come_from(source: str | None) -> None:
    """Until a command ends (None), hide by its form only what stands in this text: the rest is what the user wrote."""
    global _source, _have_been_hidden
    _source, _have_been_hidden = source, False


def have_been_hidden() -> bool:
    """Return whether something was hidden since `secrets_come_from`."""
    return _have_been_hidden


def keep_secret(texts: Iterable[str]) -> None:
    """Hide these texts from now on, in this process. Raises ConfigurationError for too many, rather than show some."""
    global _pattern
    for text in (part for each in texts for part in _parts(each)):
        if len(text) >= SHORTEST and text not in _known:
            _known[text] = None
            _pattern = None
    if len(_known) > MOST and not _are_shown:
        raise ConfigurationError(
            f"there are more than {MOST:,} secret values, which is more than can be hidden in what is shown; leave "
            "some out, or start with --show-secrets to hide none"
        )


def _parts(text: str) -> Iterator[str]:
    """Yield a secret, as it is without white space around it (policies trim), and its longer lines."""
    yield text
    yield text.strip()
    lines = text.split("\n", _MOST_LINES)[:_MOST_LINES]
    yield from (line for each in lines if len(line := each.strip()) >= SHORTEST_IN_MESSAGES)


def is_secret_header(name: str) -> bool:
    """Return whether a header of this name carries a token, a key or a password."""
    return name.lower() in _HEADERS


def hide_message_secrets(headers: Iterable[tuple[str, str]], texts: Iterable[str], others: Iterable[str] = ()) -> None:
    """In this thread or task, hide what messages carry, and no longer what earlier ones did.

    `headers` are those that carry secrets, `texts` URLs and bodies that may have secret parameters, `others` secrets.
    """
    from urllib.parse import unquote, unquote_plus

    if _are_requests_invented:
        headers = texts = ()
    found = {secret for name, value in headers for secret in _in_header(name, value)}
    for text in texts:
        for start, end in _placed(text):
            found.update((text[start:end], unquote_plus(text[start:end]), unquote(text[start:end])))
    found.update(others)
    forms = {form for secret in found if len(secret) >= SHORTEST_IN_MESSAGES for form in _forms(secret)}
    _of_messages.set(tuple(forms))


def _in_header(name: str, value: str) -> Iterator[str]:
    """Yield what is secret in a header: all of it or what follows the scheme, a password, each cookie's value."""
    from urllib.parse import unquote

    content = re.compile(_SCHEME).sub("", value, count=1)
    yield content
    if "cookie" in name.lower():
        for part in value.split(";"):
            cookie = part.partition("=")[2].strip()
            yield from (cookie, unquote(cookie))
    elif value[:6].lower() == "basic ":
        yield _password(content)


def _password(content: str) -> str:
    import base64

    try:
        return base64.b64decode(content, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def without_secrets(text: str, *, in_place: bool = False) -> str:
    """Return the text with `***` in the place of every secret; `in_place`, with as many asterisks as it has letters."""
    if _are_shown:
        return text
    spans = [match.span() for match in _compiled().finditer(text)] if _known else []
    for form in _of_messages.get():
        start = text.find(form)
        while start >= 0:
            spans.append((start, start + len(form)))
            start = text.find(form, start + 1)
    if not _are_requests_invented:
        spans += [span for span in _placed(text) if _source is None or _comes_from(_source, text[slice(*span)])]
    return _masked(text, spans, in_place) if spans else text


def _comes_from(source: str, secret: str) -> bool:
    """Return whether a text has a secret; a few characters are in any text."""
    return len(secret) >= SHORTEST and secret in source


def _masked(text: str, spans: list[tuple[int, int]], in_place: bool) -> str:
    global _have_been_hidden
    _have_been_hidden = True
    spans.sort()
    pieces: list[str] = []
    position = begin = end = 0
    for start, stop in [*spans, (len(text) + 1, 0)]:
        if start <= end:
            end = max(end, stop)
            continue
        if end > begin:
            pieces += (text[position:begin], "*" * (end - begin) if in_place else HIDDEN)
            position = end
        begin, end = start, stop
    return "".join([*pieces, text[position:]])


def data_without_secrets(value: Any) -> Any:
    """Return data for JSON or YAML with `***` for secrets: in texts, and as the value of a secret name."""
    if _are_shown:
        return value
    return _hidden_in(value)


def _hidden_in(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        name = value.get("name")
        if isinstance(name, str) and "value" in value and _names_secret(name):
            return {key: _hidden_value(each) if key == "value" else _hidden_in(each) for key, each in value.items()}
        return {
            _hidden_in(key): _hidden_value(each) if isinstance(key, str) and _names_secret(key) else _hidden_in(each)
            for key, each in value.items()
        }
    if isinstance(value, (list, tuple)):
        if len(value) == 2 and all(isinstance(each, str) for each in value) and _names_secret(value[0]):
            return [value[0], _hidden_value(value[1])]
        return [_hidden_in(each) for each in value]
    return value


def _names_secret(name: str) -> bool:
    return not _are_requests_invented and (is_secret_header(name) or name.lower() in _FIELDS)


def _hidden_value(value: Any) -> Any:
    """Return a masked secret: a token keeps its scheme, a value other than text its shape."""
    if isinstance(value, list):
        return [_hidden_value(each) for each in value]
    if not isinstance(value, str) or not value:
        return _hidden_in(value)
    scheme = re.compile(_SCHEME).match(value)
    return f"{scheme[0] if scheme is not None else ''}{HIDDEN}"


def markup_without_secrets(markup: str) -> str:
    """Return XML or HTML with `***` for secrets in its texts and values; its tags stay as they are."""
    if _are_shown:
        return markup
    return re.sub(r'"[^"<]*+"|(?<=>)[^<]++', lambda part: without_secrets(part[0]), markup)


def _placed(text: str) -> Iterable[tuple[int, int]]:
    """Return where secrets are by what is written before them: parameters, fields, JSON Web Tokens."""
    lowered = text.lower()
    if not any(hint in lowered for hint in _HINTS) and not ("://" in text and "@" in text):
        return ()
    return [match.span(match.lastindex or 0) for match in _places().finditer(text)]


@cache
def _places() -> re.Pattern[str]:
    fields, queries, long = ("|".join(map(re.escape, names)) for names in (_FIELDS, _IN_QUERIES, _LONG_IN_QUERIES))
    value = r"""[^&\s"'<>#\\;|]"""
    unknown = r"(?![{@$]|\*\*\*)"  # code that gives the value, or a value that is hidden already
    return re.compile(
        rf"(?<![\w-])(?:{fields})={unknown}({value}++)"
        rf"|(?:[?&]|&amp;)(?:{queries})={unknown}({value}++)"
        rf"|(?:[?&]|&amp;)(?:{long})={unknown}({value}{{20,}}+)"
        rf"""|(?<![\w-])(?:{fields})\\*["']\s*:\s*\\*["']{unknown}([^"'\\]++)"""
        r"|(?<![\w-])(eyJ[\w-]{10,}+\.[\w-]{2,}+\.[\w-]*+)"
        rf"|://[^\s/?#\"'<>@:]*+:{unknown}([^\s/?#\"'<>@]++)@",
        re.IGNORECASE,
    )


def _compiled() -> re.Pattern[str]:
    global _pattern
    made = _pattern
    if made is None:
        forms = {form for secret in list(_known) for form in _forms(secret)}
        made = re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))))
        _pattern = made
    return made


def _forms(secret: str) -> Iterable[str]:
    """Yield how a text may be written: as it is, in JSON, in HTML, in a URL, in base 64."""
    import base64
    import html
    import json
    from urllib.parse import quote, quote_plus

    data = secret.encode("utf-8", "surrogatepass")
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield html.escape(secret)
    yield quote(data, safe="")
    yield quote_plus(data)
    for offset in range(3):
        # What is before shifts the letters, and those on both edges mix with the neighbours.
        shifted = base64.b64encode(b"\0" * offset + data).decode().rstrip("=")
        inner = shifted[-(-offset * 8 // 6) : len(shifted) - (1 if (offset + len(data)) % 3 else 0)]
        if len(inner) >= SHORTEST_IN_MESSAGES:
            yield inner
            yield inner.replace("+", "-").replace("/", "_")
