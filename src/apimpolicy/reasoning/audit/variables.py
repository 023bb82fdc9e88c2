"""The values that set-variable assigns, and the proofs of comparisons of variables and of what comes with a request.

A value is constants under conditions, or one with an origin. Proofs are those in the state at a point.
"""

from __future__ import annotations

from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.rules.forwarded_for_trusted import lists_addresses
from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.nodes import Bound
from apimpolicy.csharp.dotnet.values import to_utf16
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.conditions import ConditionReader, PolicyCondition
from apimpolicy.reasoning.audit.origins import ValueOrigin, constant, is_null, receiver_of
from apimpolicy.reasoning.audit.request_state import RequestState
from apimpolicy.reasoning.audit.sources import (
    ANSWER,
    CACHE,
    OF_CALLERS_SERVICE,
    OF_GATEWAY,
    UNKNOWN,
    UNKNOWN_SOURCE,
    KnownValue,
    Parts,
    Sources,
    cases,
    of_caller,
    of_text,
    returned,
    with_default,
)
from apimpolicy.reasoning.audit.states import (
    ALWAYS,
    FALSE,
    NEVER,
    TRUE,
    Alternatives,
    ConditionProofs,
    Fact,
    both,
    either,
    of_facts,
    truth_of,
)
from apimpolicy.reasoning.audit.text_tests import ADDRESSES, KEEP_EMPTY, TextTest, type_of
from apimpolicy.text.document import Characters

_TIMES = frozenset(("NotBefore", "NotAfter"))
_HASHES = frozenset(("Thumbprint", "GetCertHashString", "GetCertHash"))
_SCHEMES = frozenset(("bearer", "basic", "bearer ", "basic "))


class VariableKnowledge(RequestState):
    """The known state, with the proofs of comparisons of what is in it."""

    def truth_of_variable(self, name: str, default: str | None = None) -> ConditionProofs | None:
        """Return the proofs of a true/false variable; None for another one."""
        value = with_default(self.variable(name), default)
        if value.kind != "cases":
            return None
        words = {(constant or "").lower() for _, constant in value.cases}
        if not words <= {"true", "false", ""}:
            return None
        return cases(value.cases, lambda constant: (constant or "").lower() == "true")

    def absence(self, origin: ValueOrigin, *, or_empty: bool = False) -> ConditionProofs | None:
        """Return the proofs of `value == null`, or of null or empty; None if not understood."""
        kind, name, members, default, is_open = origin
        if default:
            return None
        if is_open and or_empty is False and kind in ("header", "query"):
            return None
        written = self.written_to(origin) if kind in ("header", "query") and name is not None else UNKNOWN
        match kind:
            case "certificate":
                presented = truth_of(Fact(kinds.CERTIFICATE, kinds.PRESENTED))
                return presented.negated() if not members else ConditionProofs(ALWAYS, presented.if_true)
            case "header" | "query" if written.kind == "cases":
                return cases(written.cases, lambda constant: constant is None or (or_empty and not constant))
            case "header" | "query" if name is not None and self.is_written(origin):
                return self._absence_of_written(origin, written, or_empty)
            case "header" | "query" if name is not None:
                generation = self.generation_of(kind, name)
                return truth_of(Fact(kinds.CHOICE, f"{kind} '{name}'", (generation,))).negated()
            case "parameter":
                return truth_of(Fact(kinds.CHOICE, "the path")).negated()
            case "subscription":
                return FALSE if self.caller.has_key and not members else None if self.caller.has_key else TRUE
            case "user":
                return (
                    truth_of(Fact(kinds.CHOICE, "an owner of the subscription")).negated()
                    if self.caller.has_key
                    else TRUE
                )
            case "product":
                return TRUE if self.caller.product is None else FALSE if not members else None
            case "operation" | "api" | "url" | "method" | "deployment" if not members:
                return FALSE
            case "lasterror":
                return TRUE
            case "unverified token" | "basic" if self._is_gateways(name):
                return truth_of(
                    Fact(kinds.GATEWAY, f"{kind} in {name}, which a policy has set", (self.generation,))
                ).negated()
            case "unverified token" | "basic":
                return truth_of(Fact(kinds.CHOICE, f"{kind} in {name}", (self.generation,))).negated()
            case "variable" if name is not None:
                return self._absence_of_variable(name, members, or_empty)
        return None

    def absence_of_field(self, key: str) -> ConditionProofs:
        """Return the proofs of a header, or a parameter of the query behind a `?`, being absent."""
        origin = ValueOrigin("query", key[1:]) if key.startswith("?") else ValueOrigin("header", key)
        return self.absence(origin) or ConditionProofs(ALWAYS, ALWAYS)

    def _absence_of_variable(self, name: str, members: tuple[str, ...], or_empty: bool) -> ConditionProofs | None:
        value = self.variable(name)
        if value.kind == "cases":
            return cases(value.cases, lambda constant: constant is None or (or_empty and not constant))
        if value.origin is not None:
            inner = value.origin._replace(members=value.origin.members + members)
            return self._as_received(inner).absence(inner, or_empty=or_empty)
        if value.kind == "cached":
            return truth_of(self._cached(name, value, ())).negated()
        return FALSE if value.kind in ("answer", "token") and not members else None

    def _is_gateways(self, name: str | None) -> bool:
        """Return whether a field, such as `header 'x-t'`, has a value that the gateway put there."""
        kind, _, field = (name or "").partition(" ")
        if kind not in ("header", "query"):
            return False
        sources = self.written_to(ValueOrigin(kind, field.strip("'"))).sources
        return bool(sources) and sources <= OF_GATEWAY

    def _absence_of_written(self, origin: ValueOrigin, written: KnownValue, or_empty: bool) -> ConditionProofs | None:
        if written.kind == "origin" and written.origin is not None:
            return self._as_received(written.origin).absence(written.origin, or_empty=or_empty)
        if of_caller(written.sources) or not written.sources:
            subject = f"{origin.kind} '{origin.name}'"
            generation = self.generation_of(origin.kind, origin.name or "")
            return truth_of(Fact(kinds.CHOICE, subject, (generation,))).negated()
        return FALSE if written.sources <= OF_GATEWAY else None

    def _as_received(self, origin: ValueOrigin) -> VariableKnowledge:
        """Return the state in which a header has the caller's value, which a variable keeps."""
        if origin.kind not in ("header", "query") or origin.name is None or not self.is_written(origin):
            return self
        found, key = self.copy(), f"?{origin.name}" if origin.kind == "query" else origin.name
        found.written.pop(key, None)
        found.headers = {each: number for each, number in found.headers.items() if each not in (key, "*", "?*")}
        return found

    def equality(
        self, origin: ValueOrigin, value: str | int | None, other: ValueOrigin, others: Sources, test: TextTest
    ) -> ConditionProofs | None:
        """Return the proofs of a comparison with a constant or another value; None if not understood.

        `others` are the sources of the other side; `test` is the comparison.
        """
        kind, name, members, default, _ = origin
        written = self.written_to(origin) if kind in ("header", "query") and name is not None else UNKNOWN
        is_empty = value == "" and test.is_equality and {*members} <= KEEP_EMPTY
        if is_empty and kind not in ("variable", "certificate", "body") and written.kind != "cases":
            absent = self.absence(origin)
            if absent is not None:
                return absent
        compared = _accepted(value, other, test)
        own = _accepted(value, other, test, members)
        match kind:
            case "header" | "query" if written.kind == "cases":
                return self._of_cases(with_default(written, default), members, test)
            case "header" | "query" if written.origin not in (None, ValueOrigin(kind, name)):
                assert written.origin is not None
                inner = written.origin._replace(members=written.origin.members + members)
                return self._as_received(inner).equality(inner, value, other, others, test)
            case "header" | "query" if name is not None:
                if isinstance(value, str) and value.lower() in _SCHEMES:
                    return truth_of(Fact(kinds.CHOICE, f"scheme of header '{name}'", (value.lower(),)))
                return self._field(origin, test, own, written)
            case "certificate":
                read = _accepted(value, other, test, members[1:])
                return _certificate(members, read, is_proof=_is_known(others))
            case "address" if test.result(ADDRESSES, members):
                return TRUE  # every address passes
            case "address":
                is_proof = _is_known(others)
                return truth_of(Fact(kinds.ADDRESS, "", (own,)) if is_proof else Fact(kinds.OWN, "address", (own,)))
            case "method" if value is not None:
                self.read.add("operation")
                method = self.target.operation.get("Method", "*").upper()
                return None if method == "*" else _always(test.result(method, members))
            case "operation" | "api" | "product" if members and value is not None:
                return self._entity(origin, test)
            case "url" if value is not None and members[:1] == ("Path",):
                self.read.add("operation")
                return None if self.target.paths is None else _always(test.result(self.target.paths, members[1:]))
            case "subscription" | "user":
                return truth_of(Fact(kinds.OWN, f"the {kind}", (compared, members))) if self.caller.has_key else FALSE
            case "unverified token":
                return truth_of(Fact(kinds.OWN, "claims of a token that nothing validates", (compared, members)))
            case "basic":
                return truth_of(Fact(kinds.OWN, "user name and password", (compared, members)))
            case "body" if "body" not in self.written:
                return truth_of(Fact(kinds.OWN, "the body", (compared, members, name, self.generation)))
            case "deployment":
                return truth_of(Fact(kinds.UNDECIDED, "the gateway's deployment", (members, compared)))
            case "variable" if name is not None:
                return self._equality_of_variable(origin, value, other, others, test)
        return None

    def _field(self, origin: ValueOrigin, test: TextTest, compared: str, written: KnownValue) -> ConditionProofs:
        """Return the proofs of a header or query parameter having a value; the field is present then."""
        if_true = if_false = NEVER
        for guard, sources in written.parts:
            is_known = sources <= OF_GATEWAY
            found = self._field_of_gateway(origin) if is_known else self._field_of_caller(origin, test, compared)
            if_true = either(if_true, both(guard, found.if_true))
            if_false = either(if_false, both(guard, found.if_false))
        return ConditionProofs(if_true, if_false)

    def _field_of_gateway(self, origin: ValueOrigin) -> ConditionProofs:
        subject = f"{origin.kind} '{origin.name}', which a policy has set"
        return truth_of(Fact(kinds.GATEWAY, subject, (self.generation_of(origin.kind, origin.name or ""),)))

    def _field_of_caller(self, origin: ValueOrigin, test: TextTest, compared: str) -> ConditionProofs:
        kind, name, members, default, is_open = origin
        generation = self.generation_of(kind, name or "")
        present = truth_of(Fact(kinds.CHOICE, f"{kind} '{name}'", (generation,)))
        is_made_up = kind == "header" and lists_addresses(name or "", [compared])
        equal = Fact(kinds.FORGED if is_made_up else kinds.OWN, f"{kind} '{name}'", (compared, generation))
        found = ConditionProofs(both(of_facts(equal), present.if_true), of_facts(equal.opposite))
        passes = None if default is None else test.result(default, members)
        is_default = is_open or (bool(default) and default == compared if passes is None else passes)
        return present.negated().or_(found) if is_default else found

    def _entity(self, origin: ValueOrigin, test: TextTest) -> ConditionProofs | None:
        kind, member = origin.kind, origin.members[0]
        self.read.add(kind)
        known = {"operation": self.target.operation, "api": self.target.api, "product": self.caller.product}[kind]
        if known is None:
            return FALSE
        found = known.get(member)
        return None if found is None else _always(test.result(to_utf16(found), origin.members[1:]))

    @staticmethod
    def _of_cases(known: KnownValue, members: tuple[str, ...], test: TextTest) -> ConditionProofs | None:
        """Return where one of a few constants passes a test; None where that isn't known of one of them."""
        if test.of_type and not known.of_type:
            return None
        if test.of_type not in ("", known.of_type):
            return FALSE
        of_text = test._replace(of_type="")
        results = {text: text is not None and of_text.result(text, members) for _, text in known.cases}
        return None if None in results.values() else cases(known.cases, lambda text: bool(results[text]))

    def _equality_of_variable(
        self, origin: ValueOrigin, value: str | int | None, other: ValueOrigin, others: Sources, test: TextTest
    ) -> ConditionProofs | None:
        name, members = origin.name or "", origin.members
        compared = _accepted(value, other, test)
        held = with_default(self.variable(name), origin.default)
        if held.kind == "cases":
            return self._of_cases(held, members, test)
        if held.origin is not None:
            inner = held.origin._replace(members=held.origin.members + members)
            return self._as_received(inner).equality(inner, value, other, others, test)
        if held.kind == "cached":
            return truth_of(self._cached(name, held, (members, compared)))
        if held.kind == "answer" and not self.asks_about_caller(held):
            return truth_of(
                Fact(kinds.GATEWAY, "the answer of a request that is the same for every caller", (name, members))
            )
        if held.kind == "answer" and OF_CALLERS_SERVICE in held.asked:
            return truth_of(
                Fact(kinds.FORGED, "the answer of a service that the caller names", (name, members, compared))
            )
        if held.kind in ("answer", "token"):
            words = "the answer of a request of the policy's own" if held.kind == "answer" else "a claim of the token"
            return truth_of(Fact(kinds.OWN, words, (name, members, compared)))
        return None

    def _cached(self, name: str, value: KnownValue, detail: tuple[object, ...]) -> Fact:
        """Return the fact that something is in the cache: a check of the caller, if the key is from the request."""
        kind = kinds.OWN if self.asks_about_caller(value) else kinds.GATEWAY
        return Fact(kind, "a cached value", (name, *detail))

    @staticmethod
    def asks_about_caller(answer: KnownValue) -> bool:
        """Return whether the request that an answer is for, or the key in a cache, had anything of the caller in it.

        What the caller asks for tells nothing of who asks: a route is found by its path.
        """
        return any(each.kind not in ("gateway", "response", "url", "method") for each in answer.asked)


def _is_known(others: Sources) -> bool:
    """Return whether the other side of a comparison is the gateway's own, as far as its sources are known."""
    return not of_caller(others) and not any(each == UNKNOWN_SOURCE or each.kind in (ANSWER, CACHE) for each in others)


def _accepted(value: str | int | None, other: ValueOrigin, test: TextTest, members: tuple[str, ...] = ()) -> str:
    """Return what a comparison accepts of a value of which these members were read."""
    constant = str(value) if value is not None else f"{other.kind} {other.name or ''}".strip()
    return test.accepted(constant, members)


def _always(result: bool | None) -> ConditionProofs | None:
    return None if result is None else TRUE if result else FALSE


def _certificate(members: tuple[str, ...], compared: str, *, is_proof: bool) -> ConditionProofs:
    presented = Fact(kinds.CERTIFICATE, kinds.PRESENTED)
    if members[:1] and members[0] in _TIMES:
        one = Fact(kinds.OPAQUE, f"certificate's {members[0]}", (compared,))
        return ConditionProofs(of_facts(presented, one), of_facts(presented, one.opposite))
    parts = {"StartsWith", "EndsWith", "Contains", "IsMatch", "Substring", "Length"} & {*members}
    is_pinned = is_proof and not parts and (not members or members[0] in _HASHES)
    found = (
        Fact(kinds.CERTIFICATE, kinds.PINNED, (compared,))
        if is_pinned
        else Fact(kinds.CERTIFICATE, kinds.NAMED, (*members[:1], compared))
    )
    return ConditionProofs(of_facts(presented, found), of_facts(found.opposite))


MOST_DEPTH = 8


def assigned(written: Characters, knowledge: VariableKnowledge, check: ExpressionCheck) -> KnownValue:
    excerpt = written.expression
    if excerpt is None:
        if "{{" in written.text:
            return KnownValue("unknown", parts=((ALWAYS, OF_GATEWAY),))
        return KnownValue.constant(written.text, of_text(written.text))
    _, compiled = check.compile(excerpt)
    if compiled.bound is None or not compiled.nodes:
        return UNKNOWN
    reader = ConditionReader(PolicyCondition(excerpt, knowledge), compiled.nodes)
    body = compiled.bound.body
    return _value(reader, body, str(compiled.bound.type))._replace(parts=parts_of(reader, body))


def _value(reader: ConditionReader, body: Bound, of_type: str) -> KnownValue:
    if str(getattr(body, "type", "")) == "bool" or of_type == "bool":
        proofs = reader.body(body)
        outcomes = ((proofs.if_true, "True"), (proofs.if_false, "False"))
        return KnownValue("cases", tuple(case for case in outcomes if case[0]), of_type="bool")
    if isinstance(body, nodes.Block):
        return UNKNOWN
    if isinstance(body, nodes.Conditional):
        chosen = [None if is_null(branch) else constant(branch) for branch in (body.when_true, body.when_false)]
        if all(isinstance(text, (str, int, type(None))) for text in chosen) and chosen != [None, None]:
            proofs = reader.truth(body.condition)
            both_cases = ((proofs.if_true, chosen[0]), (proofs.if_false, chosen[1]))
            cases = tuple((proven, None if one is None else str(one)) for proven, one in both_cases if proven)
            return KnownValue("cases", cases, of_type=type_of(*chosen))
    value = constant(body)
    if value is not None:
        return KnownValue("cases", ((ALWAYS, str(value)),), of_type=type_of(value))
    origin = reader.origins.of(body)
    if origin.kind == "variable" and origin.name in reader.known.variables and not origin.members:
        return reader.known.variables[origin.name]
    if origin.kind in ("header", "query") and reader.known.is_written(origin):
        kept = reader.known.written_to(origin)
        return kept if not origin.members else KnownValue("unknown")
    return KnownValue("origin", origin=origin) if origin.kind else UNKNOWN


def parts_of(reader: ConditionReader, node: Bound | None, depth: int = 0) -> Parts:
    """Return the sources of a value, apart where conditions, defaults or assignments choose between them."""
    node = reader.origins.resolved(node, with_defaults=False)
    if depth < MOST_DEPTH and (several := _several(reader, node)):
        return _guarded(*((ALWAYS, parts_of(reader, alternative, depth + 1)) for alternative in several))
    match node:
        case nodes.Conditional():
            proofs = reader.truth(node.condition)
            return _guarded(
                (proofs.if_true, parts_of(reader, node.when_true, depth)),
                (proofs.if_false, parts_of(reader, node.when_false, depth)),
            )
        case nodes.Coalesce():
            return _with_default(
                reader, node.left, parts_of(reader, node.left, depth), parts_of(reader, node.right, depth)
            )
        case nodes.Call():
            receiver, arguments = receiver_of(node)
            origin = reader.origins.of(node)
            if node.method.name == "GetValueOrDefault" and origin.kind in ("header", "query"):
                found_parts = reader.known.parts_of(origin)
                default = parts_of(reader, arguments[1], depth) if len(arguments) > 1 else ()
                return _with_default(reader, node, found_parts, default) if default else found_parts
            if receiver is not None and not reader.sources.of_all(arguments):
                return parts_of(reader, receiver, depth)
        case nodes.Binary() if node.operator == "+":
            for one, other in ((node.left, node.right), (node.right, node.left)):
                if not reader.sources.of(one):
                    return parts_of(reader, other, depth)
        case nodes.Local() | nodes.IndexerAccess() | nodes.PropertyAccess():
            origin = reader.origins.of(node)
            if origin.kind in ("header", "query", "variable") and origin.name is not None:
                return reader.known.parts_of(origin)
    return ((ALWAYS, reader.sources.of(node)),)


def _several(reader: ConditionReader, node: Bound | None) -> list[Bound]:
    """Return the values that a block returns, or that are assigned to a local variable, if there are several."""
    if isinstance(node, nodes.Block):
        return returned(node)
    if not isinstance(node, nodes.Local):
        return []
    found = reader.origins.definitions.get(id(node.symbol), [])
    return found if len(found) > 1 else []


def _guarded(*given: tuple[Alternatives, Parts]) -> Parts:
    found = [(both(guard, proven), sources) for guard, parts in given for proven, sources in parts]
    return tuple((proven, sources) for proven, sources in found if proven)


def _with_default(reader: ConditionReader, node: Bound | None, parts: Parts, default: Parts) -> Parts:
    """Return the sources of a value with a default: the default's are those of requests without the value."""
    origin = reader.origins.of(node)._replace(default=None, is_open=False)
    absent = reader.known.absence(origin)
    if absent is None:
        return _guarded((ALWAYS, parts), (ALWAYS, default))
    return _guarded((absent.if_false, parts), (absent.if_true, default))
