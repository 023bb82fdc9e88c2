"""Inputs that a run read, and requests in which they have other values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from apimpolicy.gateway.policies.effects import (
    BackendSet,
    BodySet,
    Forwarded,
    HeaderSet,
    QuerySet,
    Sent,
    UrlRewritten,
    VariableSet,
)
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.reasoning.proposing.inversion.recorded import Ticks, TokenText
from apimpolicy.reasoning.proposing.inversion.values import EPOCH, SECOND, input_text, put, whole, with_token
from apimpolicy.reasoning.scenarios.assignments import CLOCK, EARLIER, HOST, MAY_BE_NULL, RESPONSE, TEXTS
from apimpolicy.reasoning.scenarios.scenario import FAILS, PASSES, REFUSALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from apimpolicy.gateway.engine.steps import Step
    from apimpolicy.gateway.engine.trace import TraceEntry
    from apimpolicy.reasoning.scenarios.assignments import Assignment, Key
    from apimpolicy.reasoning.scenarios.harness import Harness, ScenarioRun
    from apimpolicy.text.document import Element

_MOST_CALLS = 12
"""Earlier calls of the same request; cases with more would be long to read."""
_OPTIONAL = ("user", "product", "subscription")
_WHOLE = ("token", "certificate", "body", "address")
_BROUGHT = ("header", "query", *_WHOLE)
"""Inputs that a caller brings."""
_AUTHORIZATION = ("header", "authorization")
_LISTS = {"aud": "audience", "iss": "issuer", "azp": "application-id", "appid": "application-id"}
"""Claims of tokens, and the elements that list what checks admit for them."""
_PARAMETER = re.compile(r"\{[^}]*\}")


class Sources:
    """The inputs of a run."""

    def __init__(self, harness: Harness, run: ScenarioRun) -> None:
        assert run.result is not None
        self.harness = harness
        self.given = run.assignment
        self.trace: list[TraceEntry] = list(run.result.trace)

    def without(self, *keys: Key) -> Assignment:
        """Return the request without some inputs and all inside them."""
        return {each: value for each, value in self.given.items() if all(each[: len(key)] != key for key in keys)}

    def field(self, key: Key, wanted: Any) -> Iterator[Assignment]:
        made = self.without(key)
        several = [input_text(each) for each in wanted] if isinstance(wanted, list) else []
        if wanted is not None and wanted != []:
            made |= {(*key, "there"): True, key: input_text(wanted)}
            made |= {(*key, "values"): tuple(several)} if len(several) > 1 and key[0] in ("header", "query") else {}
        if key[0] == "header" and wanted is not None and not input_text(wanted).replace("\t", " ").isprintable():
            return
        if key == _AUTHORIZATION and (token := self.shown_token) is not None:
            scheme = str(self.given.get((*token, "scheme"), "Bearer"))
            yield from ({**self.given, (*token, "scheme"): each} for each in (scheme.lower(), scheme.upper(), ""))
            made = {each: value for each, value in made.items() if each[0] != "token"}
        yield made
        if key[0] == "header":
            yield from (
                {**made, (*key, "there"): True, key: each} for each in self.listed_values("checks-header", key[1])
            )

    @property
    def shown_token(self) -> Key | None:
        """The key of the token that the caller shows."""
        return next((key[:2] for key in self.given if key[0] == "token"), None)

    def variable(self, kind: str, name: str, wanted: Any) -> Iterator[Assignment]:
        made = self.without((kind, name))
        if wanted is not None:
            made[kind, name, "there"] = True
            put(made, (kind, name), wanted)
        yield made

    def body(self, message: Key, wanted: Any) -> Iterator[Assignment]:
        key = (*message, "body")
        made = self.without(key)
        if wanted is not None:
            if not message:
                made["body", "there"] = True
            if isinstance(wanted, (dict, list)):
                made[*key, "json"] = True
                put(made, (*key, "tree"), wanted)
            else:
                made[*key, "text"] = input_text(wanted)
        yield made

    def member(self, path: Sequence[str], type_: str, wanted: Any) -> Iterator[Assignment]:
        """Yield the request in which a member of `context` has another value."""
        given = self.given
        match path:
            case ("Request", "Method"):
                method, current = input_text(wanted), given.get(("method",), "GET")
                others = (other for other in ("POST", "GET", "PUT") if other != current)
                yield from ({**given, ("method",): choice} for choice in ([method] if method.isupper() else others))
            case ("Request", "IpAddress"):
                yield {**given, ("address",): whole(input_text(wanted), 4, "10")}
            case ("Request", "Certificate"):
                for name in [*self.harness.certificates] if wanted is not None else ["none"]:
                    yield {**given, ("certificate",): name}
            case ("Request", "Url" | "OriginalUrl", "Path"):
                yield {**self.without(("matched",)), ("path",): "/" + input_text(wanted).lstrip("/")}
            case ("Request", "Url" | "OriginalUrl", "Host"):
                yield {**given, ("host",): whole(input_text(wanted), 2, "example")}
                if "." not in input_text(wanted):
                    yield {**given, ("host",): "localhost"}
            case ("Request", "Url" | "OriginalUrl"):
                parts, path = urlsplit(input_text(wanted)), ("Request", "OriginalUrl")
                yield from self.member((*path, "Scheme"), type_, parts.scheme)
                for name, part in (("Host", parts.netloc), ("Path", parts.path), ("QueryString", parts.query)):
                    yield from self.member((*path, name), type_, part) if part else ()
            case ("Request", "Url" | "OriginalUrl", "Scheme"):
                yield {**given, ("scheme",): "http" if given.get(("scheme",)) != "http" else "https"}
            case ("Request", "Url" | "OriginalUrl", "Port") if isinstance(wanted, int):
                host = given.get(("host",), HOST).partition(":")[0]
                yield {**given, ("host",): f"{host}:{wanted}"}
            case ("Request", "Url" | "OriginalUrl", "QueryString"):
                changed = self.without(("query",))
                for name, value in parse_qsl(input_text(wanted).removeprefix("?"), keep_blank_values=True):
                    changed |= {("query", name, "there"): True, ("query", name): value}
                yield changed
            case ("Request", "Body"):
                yield from self.body((), "x" if wanted is not None else None)
            case ("User", "Groups") if isinstance(wanted, list):
                changed = {**self.without(("groups",)), ("user", "there"): True, ("groups", "length"): len(wanted)}
                for index, group in enumerate(wanted):
                    for name, value in group.items() if isinstance(group, dict) else ():
                        changed["groups", f"[{index}]", name.lower()] = input_text(value)
                yield changed
            case ("LastError",):
                yield from self.failures({})
            case ("LastError", name):
                yield from self.failures({name.lower(): input_text(wanted)})
            case ("Timestamp",):
                yield from self.clock(wanted)
            case ("User" | "Product" | "Subscription" as kind,):
                there, changed = (kind.lower(), "there"), self.without((kind.lower(),))
                if wanted is not None:
                    yield {**given, there: True}
                else:
                    yield {**changed, there: False} if kind.lower() in self.harness.present else changed
            case ("Operation", "Method"):
                method = input_text(wanted).upper()
                yield {**given, ("method",): method, ("operation", "method"): method}
            case ("Request", "Headers" | "OriginalHeaders") | ("Request", "Url" | "OriginalUrl", "Query") if isinstance(
                wanted, dict
            ):
                within = "query" if path[-1] == "Query" else "header"
                changed = self.without((within,))
                for name, value in wanted.items():
                    place = (within, name if within == "query" else name.lower())
                    field = next(self.field(place, value), {})
                    changed |= {part_key: part for part_key, part in field.items() if part_key[:2] == place}
                yield changed
            case ("Operation", "UrlTemplate"):
                path = _PARAMETER.sub("x", input_text(wanted).partition("?")[0])
                yield {**given, ("operation", "url-template"): input_text(wanted), ("path",): "/" + path.lstrip("/")}
            case (*_, name) if (type_, name) in TEXTS:
                entity, key, _ = TEXTS[type_, name]
                changed = {**given, (entity, key): input_text(wanted)}
                changed |= {(entity, "there"): True} if entity in _OPTIONAL else {}
                yield changed | ({(entity, key, "there"): True} if (entity, key) in MAY_BE_NULL else {})

    def clock(self, wanted: Any) -> Iterator[Assignment]:
        if isinstance(wanted, Ticks):
            yield {**self.given, (CLOCK,): max(0, (wanted - EPOCH) // SECOND)}

    def claim(self, claims: Key, name: str, wanted: Any) -> Iterator[Assignment]:
        """Yield the request with a claim of a token; `claims` is the key of its claims."""
        key, token = (*claims, name), claims[:-1]
        made = self.without(key)
        value = wanted[-1] if isinstance(wanted, list) and wanted else wanted
        if value is not None and value != []:
            made |= {(*key, "there"): True, key: input_text(value)}
        made |= with_token(token)
        yield made
        listed = self.listed_values("checks-token", name)
        if listed and value is not None and (text := input_text(value)) not in listed:
            together = [text, *listed]  # which the check admits as well
            yield from ({**made, (*key, "there"): True, key: each} for each in (tuple(together), " ".join(together)))
        yield from ({**made, (*key, "there"): True, key: each} for each in listed)

    def listed_values(self, trait: str, name: str) -> list[str]:
        """Return the values that checks admit for a header or claim, which they refuse with other values."""
        values = (
            value.text.strip()
            for step in self.harness.program.steps()
            if has_trait(step.name, trait)
            for each in (step.element, *step.element.descendants())
            for value in _values_of(each, name)
            if value.expression is None
        )
        return list(dict.fromkeys(values))

    def token(self, entry: TraceEntry, name: str) -> Key | None:
        double = self.harness.double_of(entry.step)
        if self.harness.providers and ("double", double) not in self.given:
            return self.shown_token or ("token", self.harness.providers[0])
        return None if double is None else ("double", double, "variable", name)

    def chance(self, wanted: float) -> Iterator[Assignment]:
        for count in (1, 3):
            yield {**self.given, **{("random", str(number)): wanted for number in range(count)}}

    def status(self, message: Key, wanted: Any) -> Iterator[Assignment]:
        if isinstance(wanted, (int, float)) and 200 <= wanted <= 999 and message:
            made = self.without((*message, "fails"), (*message, "late"))
            yield {**made, (*message, "status"): int(wanted)}

    def fails(self, message: Key, *, is_wanted: bool) -> Iterator[Assignment]:
        """Yield the request with a response or without one."""
        made = self.without((*message, "fails"), (*message, "late"))
        yield {**made, (*message, "fails"): True} if is_wanted else made

    def failures(self, wanted: Mapping[str, str | int]) -> Iterator[Assignment]:
        steps = [step for step in self.harness.program.steps() if step.section != "on-error"]
        for step in steps:
            calls = step.element.get("calls") if has_trait(step.name, "limits-calls") else None
            if calls is not None and calls.value.text.isdigit() and 0 < int(calls.value.text) <= _MOST_CALLS:
                yield {**self.given, ("calls", "before"): int(calls.value.text)}
        for key, value in self.given.items() if wanted else ():
            if value == FAILS and key[0] == "double":
                yield {**self.given, **{(*key, name): text for name, text in wanted.items()}}
        named = [step for step in steps if step.name == wanted.get("source")]
        checks = [step for step in steps if step.name == "base" or has_trait(step.name, *REFUSALS)]
        for step in [*named[:2], *checks[:6]]:
            double = self.harness.double_of(step)
            if double is not None and (step in named or step.name == "base" or "source" not in wanted):
                made = {**self.without(("double", double)), ("double", double): FAILS}
                yield made | {
                    ("double", double, name): text for name, text in wanted.items() if step.name != wanted.get("source")
                }
        for message in (("answer", "0"), ("sent", "0")):
            failed = {**self.given, (*message, "fails"): True}
            yield from (failed, {**failed, (*message, "late"): True})

    def admitted(self, step: Step) -> Iterator[Assignment]:
        """Yield the request with what a policy lets through: a token, an address, or a header with its values."""
        access = None if step.specification is None else step.specification.access
        if access == "token":
            for provider in self.harness.providers:
                yield {**self.without(("token",), _AUTHORIZATION), ("token", provider): "good"}
        listed = [each.text.strip() for each in step.element.elements()]
        attributes = [part for each in (step.element, *step.element.elements()) for part in each.attributes]
        named = {part.name: part.value.text for part in reversed(attributes)}
        if access == "address":
            for address in filter(None, (*listed, named.get("from"))):
                yield from self.member(("Request", "IpAddress"), "", address)
        elif access == "header" and "name" in named:
            for value in listed or ["x"]:
                yield from self.field(("header", named["name"].lower()), value)

    def after_this(self) -> Iterator[Assignment]:
        """Yield requests that lack what this one has, and come after it: a cache may serve them its response."""
        declared = (step.specification for step in self.harness.program.steps())
        has_cache = any(each is not None and "serves" in (each.effects or ()) for each in declared)
        if not has_cache or EARLIER in self.given or not any(isinstance(each.effect, Forwarded) for each in self.trace):
            return
        brought = dict.fromkeys(key[: 1 if key[0] in _WHOLE else 2] for key in self.given if key[0] in _BROUGHT)
        for keys in dict.fromkeys((tuple(brought), *((each,) for each in brought))):
            if keys:
                yield {**self.without(*keys), EARLIER: tuple(self.given.items())}

    def responses(self) -> Iterator[Assignment]:
        """Yield the request as one that policies respond to without a failure: from a cache, or for CORS."""
        for step in self.harness.program.steps():
            declared = step.specification
            if declared is not None and "serves" in (declared.effects or ()):
                yield {**self.given, ("calls", "before"): 1}
            if declared is not None and declared.access == "cors":
                texts = {each.name: each.text.strip() for each in reversed([*step.element.descendants()])}
                made = {**self.given, ("method",): "OPTIONS"}
                for name, text in (("origin", texts.get("origin")), ("access-control-request-method", "GET")):
                    made |= {("header", name, "there"): True, ("header", name): text or "*"}
                yield made

    def passes(self, entry: TraceEntry, name: str, wanted: Any) -> Iterator[Assignment]:
        """Yield the request with a double for the policy that set a variable, and the value that it has instead."""
        double = self.harness.double_of(entry.step)
        if isinstance(wanted, TokenText):
            key = self.token(entry, name)
            yield from () if key is None else ({**self.given, **with_token(key)},)
        elif double is not None:
            made = self.without(("variable", name))
            made["double", double] = PASSES
            made["variable", name, "there"] = True
            put(made, ("variable", name), wanted)
            yield made

    # What the run shows of where a value comes from

    def setter(self, name: str, before: int) -> tuple[int, TraceEntry] | None:
        for index in range(min(before, len(self.trace)) - 1, -1, -1):
            entry = self.trace[index]
            if isinstance(entry.effect, VariableSet) and entry.effect.name == name:
                return index, entry
            if any(
                each.name.endswith("variable-name") and each.value.text == name for each in entry.element.attributes
            ):
                return index, entry
        return None

    def header_setter(self, message: str, name: str, before: int) -> tuple[int, TraceEntry] | None:
        for index in range(min(before, len(self.trace)) - 1, -1, -1):
            effect = self.trace[index].effect
            if isinstance(effect, HeaderSet) and effect.message == message and effect.name.lower() == name:
                return (index, self.trace[index]) if effect.action != "skip" else None
            if message == "response" and isinstance(effect, Forwarded):
                return None
        return None

    def body_setter(self, message: str, before: int) -> tuple[int, TraceEntry] | None:
        for index in range(min(before, len(self.trace)) - 1, -1, -1):
            effect = self.trace[index].effect
            if isinstance(effect, BodySet) and effect.message == message:
                return index, self.trace[index]
            if message == "response" and isinstance(effect, Forwarded):
                return None
        return None

    def url_setter(self, part: str, before: int) -> tuple[int, TraceEntry] | None:
        """Return the entry that set the path or host of the URL, or a parameter by its name, before another entry."""
        for index in range(min(before, len(self.trace)) - 1, -1, -1):
            match self.trace[index].effect:
                case UrlRewritten() if part == "Path":
                    return index, self.trace[index]
                case BackendSet() if part == "Host":
                    return index, self.trace[index]
                case QuerySet(name=name) if part == f"?{name}":
                    return index, self.trace[index]
        return None

    def answer(self, before: int) -> Key:
        """Return the key of the backend's response that `context.Response` is."""
        if self.harness.section is not None:
            return RESPONSE
        count = sum(isinstance(entry.effect, Forwarded) for entry in self.trace[:before])
        return "answer", str(max(count - 1, 0))

    def sent(self, index: int) -> Key:
        return "sent", str(sum(isinstance(entry.effect, Sent) for entry in self.trace[:index]))


def _values_of(element: Element, name: str) -> Iterator[Element]:
    """Yield the elements with the values that a check admits for a header or a claim."""
    if element.name == _LISTS.get(name):
        yield element
    named = element.get("name")
    if named is not None and named.value.text.lower() == name.lower():
        yield from (each for each in element.elements() if each.name == "value")
