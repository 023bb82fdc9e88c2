"""Requests with which an expression has another value, from a run: its parts are inverted one by one, down to inputs.

Each step keeps the other values of the run. Whether the expression then has the value, the next run shows.
"""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.policies.effects import CacheAccessed, Sent, VariableSet
from apimpolicy.proposing.inverses import SECOND, different, inverse, path_of, text_of, with_member
from apimpolicy.proposing.recorded import UNKNOWN, Recorded, Structure, Ticks
from apimpolicy.proposing.sources import Sources, of_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apimpolicy.binding.nodes import Bound, Expression
    from apimpolicy.engine.trace import Evaluation
    from apimpolicy.scenarios.assignments import Assignment, Key
    from apimpolicy.scenarios.harness import Harness, Run

    Requests = Iterator[Assignment]

_MOST_DEPTH = 60
_MOST_STEPS = 1500
"""Parts of expressions that are inverted for the requests that one run leads to."""
_NOW = Ticks(639_028_224_000_000_000)
_JSON_TYPES = {1: {}, 2: [], 6: 1, 7: 1.5, 8: "x", 9: True, 10: None}
"""Samples by the number of a JTokenType."""
_NEGATED = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "=="}
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_OPERATORS = {
    "op_LessThan": "<",
    "op_GreaterThan": ">",
    "op_LessThanOrEqual": "<=",
    "op_GreaterThanOrEqual": ">=",
    "op_Equality": "==",
    "op_Inequality": "!=",
}
_JSON = ("JToken", "JObject", "JArray", "JContainer", "JProperty", "JValue")
_COPIES = ("Copy", "BlockCopy", "ConstrainedCopy")
_CLAIMS = {"Subject": "sub", "Issuer": "iss", "Id": "jti", "Audiences": "aud"}


class Backward:
    """Inverts the expressions of one run."""

    def __init__(self, harness: Harness, run: Run, structures: dict[int, Structure]) -> None:
        self.sources = Sources(harness, run)
        self._structures = structures
        self._left = _MOST_STEPS
        self._place: int | None = None
        """The place of the item that is to change, in a query for each item."""
        self.trace = self.sources.trace
        self._recorded: dict[int, Recorded] = {}
        self._depth = 0
        self._active: set[int | None] = set()
        """The local variables that are being inverted, by identity."""

    def recorded(self, evaluation: Evaluation, index: int) -> Recorded:
        """Return an expression with its recorded values."""
        found = self._recorded.get(id(evaluation))
        if found is None:
            body = None if evaluation.expression is None else evaluation.expression.bound.body
            structure = self._structures.get(id(body))
            if structure is None:
                structure = self._structures[id(body)] = Structure(body)
            found = self._recorded[id(evaluation)] = Recorded(evaluation, index, structure)
        return found

    # Values

    def solve(self, of: Recorded, node: Bound, wanted: Any) -> Requests:
        """Yield requests with which a part of an expression may have a value."""
        if (isinstance(node, nodes.Expression) and node.is_constant) or self._depth > _MOST_DEPTH:
            return
        rule = _RULES.get(type(node))
        self._left -= 1
        if rule is None or self._left < 0:
            return
        symbol = id(node.symbol) if isinstance(node, nodes.Local) else None
        if symbol in self._active:
            return
        self._depth += 1
        if symbol is not None:
            self._active.add(symbol)
        try:
            yield from rule(self, of, node, wanted)
        finally:
            self._depth -= 1
            self._active.discard(symbol)

    def _operand(self, of: Recorded, node: Any, wanted: Any) -> Requests:
        yield from self.solve(of, node.operand, wanted)

    def _value_of(self, of: Recorded, node: Any, wanted: Any) -> Requests:
        yield from self.solve(of, node.value, wanted)

    def _unary(self, of: Recorded, node: nodes.Unary, wanted: Any) -> Requests:
        if node.operator == "!":
            yield from self.solve(of, node.operand, not wanted)
        elif node.operator == "-" and isinstance(wanted, (int, float)):
            yield from self.solve(of, node.operand, -wanted)

    def _logical(self, of: Recorded, node: nodes.Logical, wanted: Any) -> Requests:
        is_and = node.operator == "&&"
        if bool(wanted) == is_and:  # both: the first that differs
            for part in (node.left, node.right):
                if of.raw(part) is not wanted:
                    yield from self.solve(of, part, wanted)
        elif of.has(node.right):
            yield from self.solve(of, node.right, wanted)
            yield from self.solve(of, node.left, wanted)
        else:
            yield from self.solve(of, node.left, wanted)
            yield from self.solve(of, node.right, wanted)

    def _binary(self, of: Recorded, node: nodes.Binary, wanted: Any) -> Requests:
        left, right, operator = node.left, node.right, node.operator
        if operator in _NEGATED:
            yield from self._compared(of, left, right, operator if wanted else _NEGATED[operator])
            return
        one, other = of.value(left), of.value(right)
        if operator in ("&", "|", "^") and isinstance(wanted, bool):
            yield from self.solve(of, left, wanted)
            yield from self.solve(of, right, wanted)
        elif operator == "+" and (isinstance(wanted, str) or str(node.type) == "string"):
            yield from self._operands(of, "Concat", [left, right], wanted)
        elif isinstance(wanted, (int, float)):
            for number, known in ((0, other), (1, one)):
                if isinstance(known, (int, float)) and not isinstance(known, bool):
                    for value in _arithmetic(operator, number, known, wanted, (one, other)[number]):
                        yield from self.solve(of, (left, right)[number], value)

    def _compared(self, of: Recorded, left: Expression, right: Expression, operator: str) -> Requests:
        one, other = of.value(left), of.value(right)
        if operator == "==":
            yield from self._same_containers(of, left, right)
        for node, known, around, sign in (
            (left, other, left, operator),
            (right, one, right, _MIRRORED[operator]),
        ):
            if known is UNKNOWN:
                continue
            for value in self._meeting(of, around, known, sign):
                yield from self.solve(of, node, value)

    def _meeting(self, of: Recorded, node: Expression, known: Any, sign: str) -> list[Any]:
        """Return values with a relation to a known one."""
        if sign == "==":
            return [known]
        if sign == "!=":
            return [self.usual(of, node)] if known is None else different(known)
        if not isinstance(known, (int, float)) or isinstance(known, bool):
            return []
        step: Any = 60 * SECOND if isinstance(known, Ticks) else 1
        values = {"<": [known - step], ">": [known + step], "<=": [known, known - step], ">=": [known, known + step]}
        made = values[sign]
        return [Ticks(each) for each in made] if isinstance(known, Ticks) else made

    def _same_containers(self, of: Recorded, left: Expression, right: Expression) -> Requests:
        """Yield requests in which the arrays or texts are equal of which parts or lengths are compared."""
        pair = [_inner(left), _inner(right)]
        if all(isinstance(each, (nodes.ArrayAccess, nodes.IndexerAccess, nodes.PropertyAccess)) for each in pair):
            holders = [each.array if isinstance(each, nodes.ArrayAccess) else each.receiver for each in pair]
            if all(each is not None and of.has(each) for each in holders):
                values = [of.value(each) for each in holders]
                if all(isinstance(each, (bytes, str, list)) for each in values) and values[0] != values[1]:
                    yield from self.solve(of, holders[0], values[1])
                    yield from self.solve(of, holders[1], values[0])

    def _conditional(self, of: Recorded, node: nodes.Conditional, wanted: Any) -> Requests:
        taken = of.raw(node.condition)
        if taken is UNKNOWN:
            yield from self.solve(of, node.condition, True)
            return
        here, there = (node.when_true, node.when_false) if taken else (node.when_false, node.when_true)
        if there.is_constant and there.constant == wanted:
            yield from self.solve(of, node.condition, not taken)
        yield from self.solve(of, here, wanted)
        if not there.is_constant:
            yield from self.solve(of, node.condition, not taken)

    def _coalesce(self, of: Recorded, node: nodes.Coalesce, wanted: Any) -> Requests:
        yield from self.solve(of, node.left, wanted)
        if of.raw(node.left) is None:
            yield from self.solve(of, node.right, wanted)

    def _access_if(self, of: Recorded, node: nodes.ConditionalAccess, wanted: Any) -> Requests:
        if wanted is None:
            yield from self.solve(of, node.receiver, None)
        yield from self.solve(of, node.access, wanted)

    def _placeholder(self, of: Recorded, node: nodes.Placeholder, wanted: Any) -> Requests:
        holder = of.holder(node)
        if holder is not None:
            yield from self.solve(of, holder, wanted)

    def _is_type(self, of: Recorded, node: Any, wanted: Any) -> Requests:
        target = node.target if isinstance(node, nodes.IsType) else node.pattern.target
        if isinstance(node, nodes.IsPattern) and node.pattern.value is not None:
            known = of.value(node.pattern.value)
            yield from (
                each
                for value in ([known] if wanted else different(known))
                for each in self.solve(of, node.operand, value)
            )
        elif wanted:
            yield from self.solve(of, node.operand, _sample(str(target)))
        else:
            for value in (None, "x", {}):
                yield from self.solve(of, node.operand, value)

    def _compound(self, of: Recorded, node: nodes.CompoundAssignment, wanted: Any) -> Requests:
        """Yield requests with which the last change of a variable makes up the difference."""
        change, current = _inner(node.result), of.value(node)
        if isinstance(change, nodes.Binary) and isinstance(current, (int, float)) and isinstance(wanted, (int, float)):
            value = of.value(change.right)
            if change.operator in ("+", "-") and isinstance(value, (int, float)):
                difference = wanted - current
                yield from self.solve(of, change.right, value + (difference if change.operator == "+" else -difference))
        elif isinstance(change, nodes.Binary) and isinstance(current, str) and isinstance(wanted, str):
            part = of.value(change.right)
            if isinstance(part, str):
                yield from self.solve(of, change.right, wanted.removeprefix(current.removesuffix(part)))

    def _interpolated(self, of: Recorded, node: nodes.InterpolatedString, wanted: Any) -> Requests:
        parts = [each.value if isinstance(each, nodes.Interpolation) else each for each in node.parts]
        values = [each if isinstance(each, str) else of.value(each) for each in parts]
        for index, value in inverse("Concat", values, wanted):
            if not isinstance(part := parts[index], str):
                yield from self.solve(of, part, value)

    # Variables of expressions

    def _local(self, of: Recorded, node: nodes.Local, wanted: Any) -> Requests:
        current = of.raw(node)
        sources = of.sources.get(id(node.symbol), [])
        known = [
            each
            for each in sources
            if of.has(each) or isinstance(each, (nodes.Foreach, nodes.Call)) or _is_constant(each)
        ]
        known.sort(key=lambda each: of.raw(each) is not current)
        for source in known:
            if isinstance(source, nodes.Foreach):
                yield from self._item(of, source.collection, current, wanted)
            elif (
                isinstance(source, nodes.Call)
                and isinstance(_receiver(source), nodes.Local)
                and _receiver(source).symbol is node.symbol
            ) or (isinstance(source, nodes.Assignment) and isinstance(source.target, nodes.IndexerAccess)):
                yield from self._added(of, source, of.value(node), wanted)
            elif isinstance(source, nodes.Call) and source.method.name in _COPIES:
                yield from self._copied(of, source, wanted)
            elif isinstance(source, nodes.Call) and any(_holds(each, node.symbol) for each in source.arguments):
                yield from self._of_lambda(of, source, current, wanted)
            elif isinstance(source, nodes.Call) and any(
                isinstance(each, (nodes.OutVariable, nodes.Reference)) for each in source.arguments
            ):
                yield from self._call(of, source, wanted)
            elif of.has(source):
                yield from self.solve(of, source, wanted)
        for source in sources:
            if (_is_constant(source) and source.constant == wanted) or (
                not of.has(source) and not _is_constant(source)
            ):
                yield from self.reach(of, source)

    def _copied(self, of: Recorded, call: nodes.Call, wanted: Any) -> Requests:
        """Yield requests with which an array is copied that has other items."""
        values = [of.value(each) for each in call.arguments]
        source, start, place, size = (values[0], 0, 0, values[2]) if len(values) == 3 else (*values[:2], *values[3:5])
        if isinstance(source, (bytes, list)) and isinstance(wanted, type(source)):
            part = wanted[place : place + size]
            yield from self.solve(of, call.arguments[0], source[:start] + part + source[start + len(part) :])

    def _added(self, of: Recorded, source: Any, current: Any, wanted: Any) -> Requests:
        """Yield requests with which a collection gets what a statement adds."""
        if isinstance(wanted, (list, dict)) and isinstance(current, (list, dict)) and len(wanted) > len(current):
            yield from self.reach(of, source)
        if isinstance(wanted, (list, dict)) and isinstance(current, (list, dict)) and len(wanted) < len(current):
            yield from self.avoid(of, source)
        inserted: list[tuple[Any, Any]] = []
        if isinstance(source, nodes.Assignment):
            target = source.target
            assert isinstance(target, nodes.IndexerAccess)
            inserted = [(of.value(target.arguments[0]), source.value)]
        elif len(source.arguments) == 2:
            inserted = [(of.value(source.arguments[0]), source.arguments[1])]
        elif isinstance(current, list) and isinstance(wanted, list) and wanted and len(wanted) <= len(current):
            index = next((i for i, each in enumerate(wanted) if each != current[i]), None)
            if index is not None and of.has(source):
                yield from self.solve(of, source.arguments[0], wanted[index])
        for name, value in inserted:
            if isinstance(wanted, dict) and isinstance(current, dict) and wanted.get(name) != current.get(name):
                if not of.has(source):
                    yield from self.reach(of, source)
                yield from self.solve(of, value, wanted.get(name))

    def _item(self, of: Recorded, collection: Expression, current: Any, wanted: Any) -> Requests:
        """Yield requests with another item of a collection that is iterated."""
        items = of.value(collection)
        if isinstance(items, dict):
            return
        if not isinstance(items, list):
            yield from self.solve(of, collection, [wanted])
            return
        from apimpolicy.proposing.recorded import plain

        index = self._place
        if index is None:
            index = next((i for i, each in enumerate(items) if each == plain(current)), len(items) - 1)
        yield from self.solve(of, collection, with_member(items, [max(index, 0)], wanted))

    def _of_lambda(self, of: Recorded, call: nodes.Call, current: Any, wanted: Any) -> Requests:
        source = call.receiver or call.arguments[0]
        yield from self._item(of, source, current, wanted)

    # Members

    def _property(self, of: Recorded, node: nodes.PropertyAccess, wanted: Any) -> Requests:
        name, receiver = node.property.name, node.receiver
        if receiver is None:
            if name in ("Now", "UtcNow", "Today"):
                yield from self.sources.clock(wanted)
            return
        path = context_path(of, node)
        if path is not None:
            if path[0] == "Response":
                yield from self._of_message(of, self.sources.answer(of.index), name, wanted)
            else:
                yield from self.sources.member(path, node.property.declaring.name.rpartition(".")[2], wanted)
            return
        if str(receiver.type) == "IResponse" and (message := self._message(of, receiver)) is not None:
            yield from self._of_message(of, message, name, wanted)
            return
        current = of.value(receiver)
        declaring = node.property.declaring.name.rpartition(".")[2]
        if name == "Value" and declaring in ("Group", "Capture"):
            yield from self._of_group(of, receiver, wanted)
        elif name == "Success" and declaring == "Group" and not str(receiver.type).endswith("Match"):
            yield from self._of_group(of, receiver, None)
        elif name == "Success":
            yield from self.solve(of, receiver, wanted)
        elif declaring == "Jwt" and name in _CLAIMS and (token := self._token(of, receiver)) is not None:
            yield from self.sources.claim((*token, "claim"), _CLAIMS[name], wanted)
        elif declaring == "BasicAuthCredentials":
            names = [getattr(of.raw(receiver), each, None) or "x" for each in ("user_id", "password")]
            names[name == "Password"] = text_of(wanted)
            origin, call = self._origin(of, receiver)
            if isinstance(call, nodes.Call) and "Basic" in call.method.name:
                text = "Basic " + base64.b64encode(":".join(names).encode("utf-8", "replace")).decode()
                yield from self.solve(origin, call.arguments[0], text)
        elif name == "HasValue":
            yield from self.solve(of, receiver, self.usual(of, receiver) if wanted else None)
        elif name == "Type":
            yield from self.solve(of, receiver, _JSON_TYPES.get(int(wanted), "x"))
        elif declaring == "JProperty" and name == "Value":
            yield from self.solve(of, receiver, {"value": wanted})
        elif declaring.startswith("KeyValuePair") or name in ("Keys", "Values", "Claims", "Headers", "Body", "Query"):
            return
        else:
            for number, value in inverse(name, [current], wanted):
                if number == 0:
                    yield from self.solve(of, receiver, value)

    def _of_message(self, of: Recorded, message: Key, name: str, wanted: Any) -> Requests:
        if name == "StatusCode":
            yield from self.sources.status(message, wanted)
        elif name == "StatusReason":
            yield {**self.sources.given, (*message, "reason", "there"): True, (*message, "reason"): str(wanted)}
        elif name == "Body":
            yield from self.sources.body(message, "x" if wanted is not None else None)

    def _origin(self, of: Recorded, node: Bound) -> tuple[Recorded, Bound]:
        """Return the expression that a value comes from, through conversions and variables, and where it is."""
        for _ in range(20):
            node = _inner(node)
            if isinstance(node, nodes.Placeholder) and (holder := of.holder(node)) is not None:
                node = holder
                continue
            if isinstance(node, nodes.Local):
                known = [each for each in of.sources.get(id(node.symbol), []) if isinstance(each, nodes.Expression)]
                source = next((each for each in reversed(known) if of.has(each)), None)
                if source is None:
                    break
                node = source
                continue
            name = self._variable_name(of, node)
            setter = None if name is None else self.sources.setter(name, of.index)
            if setter is None or not isinstance(setter[1].effect, VariableSet):
                break
            inner = next(
                (self.recorded(each, setter[0]) for each in setter[1].evaluations if each.what == "value"), None
            )
            result = None if inner is None else inner.result()
            if inner is None or result is None:
                break
            of, node = inner, result
        return of, node

    def _message(self, of: Recorded, node: Bound) -> Key | None:
        """Return the key of a message that an expression is: () is the request."""
        of, node = self._origin(of, node)
        path = context_path(of, node)
        if path is not None:
            return {"Request": (), "Response": self.sources.answer(of.index)}.get(path[0])
        name = self._variable_name(of, node)
        setter = None if name is None else self.sources.setter(name, of.index)
        return None if setter is None else self.sources.sent(setter[0])

    def _variable_name(self, of: Recorded, node: Bound) -> str | None:
        """Return the name of the variable of `context` that an expression reads."""
        receiver, arguments = _call_parts(node)
        if receiver is not None and context_path(of, receiver) == ("Variables",) and arguments:
            name = of.value(arguments[0])
            return name if isinstance(name, str) else None
        return None

    def _indexer(self, of: Recorded, node: nodes.IndexerAccess, wanted: Any) -> Requests:
        receiver = node.receiver
        if (kind := self._fields(of, receiver)) is not None:
            name = of.value(node.arguments[0])
            if isinstance(name, str):
                yield from self._field(of, kind, name, wanted)
            return
        keys = [of.value(each) for each in node.arguments]
        if any(each is UNKNOWN for each in keys):
            return
        if str(receiver.type).endswith("GroupCollection"):
            return
        container = of.value(receiver)
        container = None if container is UNKNOWN else container
        if isinstance(container, str) and isinstance(wanted, str) and isinstance(keys[0], int):
            yield from self.solve(
                of, receiver, container[: keys[0]].ljust(keys[0], "x") + wanted + container[keys[0] + 1 :]
            )
            return
        yield from self.solve(of, receiver, with_member(container, keys, wanted))
        yield from self._keys(of, node.arguments[0], container, wanted)

    def _keys(self, of: Recorded, key: Expression, container: Any, wanted: Any) -> Requests:
        """Yield requests with another key of a collection, which has the wanted value or any."""
        if isinstance(container, dict) and not key.is_constant:
            for name, value in list(container.items())[:6]:
                if value == wanted or of.value(key) not in container:
                    yield from self.solve(of, key, name)

    def _array(self, of: Recorded, node: nodes.ArrayAccess, wanted: Any) -> Requests:
        container, index = of.value(node.array), of.value(node.indexes[0])
        if not isinstance(index, int) or not 0 <= index < 200:
            return
        if isinstance(container, bytes):
            if isinstance(wanted, int) and 0 <= wanted < 256:
                made = bytearray(container.ljust(index + 1, b"x"))
                made[index] = wanted
                yield from self.solve(of, node.array, bytes(made))
            return
        container = container if isinstance(container, list) else []
        yield from self.solve(of, node.array, with_member(container, [index], wanted))

    def _call(self, of: Recorded, node: nodes.Call, wanted: Any) -> Requests:
        name = node.method.name
        receiver, arguments = _call_parts(node)
        if receiver is not None and arguments and (kind := self._fields(of, receiver)) is not None:
            field = of.value(arguments[0])
            if isinstance(field, str):
                yield from self._named_field(of, node, kind, field, wanted)
            return
        if (
            receiver is not None
            and name in ("As", "AsFormUrlEncodedContent")
            and (message := self._message_of_body(of, receiver)) is not None
        ):
            yield from self._body(of, message, wanted)
            return
        if name in _OPERATORS and len(node.arguments) == 2:
            operator = _OPERATORS[name]
            yield from self._compared(of, *node.arguments, operator if wanted else _NEGATED[operator])
            return
        operands: list[Expression] = [*([] if node.receiver is None else [node.receiver]), *node.arguments]
        lambdas = [inner for each in operands if isinstance(inner := _inner(each), nodes.Lambda)]
        if lambdas:
            yield from self._query(of, node, operands, lambdas[0], wanted)
            return
        if receiver is not None and str(receiver.type).rpartition(".")[2] in _JSON and arguments:
            key = of.value(arguments[0])
            container = of.value(receiver)
            path = path_of(key) if name == "SelectToken" and isinstance(key, str) else [key]
            if name in ("ContainsKey", "Property"):
                wanted = wanted if isinstance(wanted, dict) else "x" if wanted else None
                wanted = next(iter(wanted.values())) if isinstance(wanted, dict) and wanted else wanted
            if name == "TryGetValue" and isinstance(wanted, bool):
                wanted = "x" if wanted else None
            if name in ("ContainsKey", "Property", "TryGetValue", "SelectToken", "Value", "GetValue") and isinstance(
                key, (str, int)
            ):
                yield from self.solve(
                    of, receiver, with_member(None if container is UNKNOWN else container, path, wanted)
                )
                return
        container = of.value(operands[0]) if operands else None
        if (
            name in ("ContainsKey", "TryGetValue")
            and len(operands) > 1
            and (isinstance(container, dict) or container is None)
        ):
            if wanted is False:
                yield from (
                    each for value in different(of.value(operands[1])) for each in self.solve(of, operands[1], value)
                )
            else:
                yield from self._keys(of, operands[1], container, wanted)
            key = of.value(operands[1])
            if isinstance(key, str):
                value = self._value_type(operands[0]) if wanted is True else None if wanted is False else wanted
                yield from self.solve(of, operands[0], with_member(container, [key], value))
            return
        if name == "TryParse" and isinstance(wanted, bool):
            out = next(
                (each for each in node.arguments if isinstance(each, (nodes.OutVariable, nodes.Reference))), None
            )
            yield from self.solve(
                of, operands[0], text_of(_sample(str(getattr(out, "type", "int")))) if wanted else "x"
            )
            return
        if name.startswith("Next") and node.method.declaring.name.endswith("Random"):
            yield from self.sources.chance([of.value(each) for each in node.arguments], wanted)
            return
        if name == "Match" and node.method.declaring.name.endswith("Regex"):
            yield from self._operands(of, "IsMatch", operands, wanted)
            return
        if (
            name == "Concat"
            and len(operands) == 1
            and isinstance(operands[0], nodes.ArrayCreation)
            and operands[0].items is not None
        ):
            operands = list(operands[0].items)
        yield from self._operands(of, name, operands, wanted)

    def _value_type(self, node: Expression) -> Any:
        parts = str(node.type).rpartition(",")
        return _sample(parts[2].strip(" >")) if parts[0] else "x"

    def _operands(self, of: Recorded, name: str, operands: Sequence[Expression], wanted: Any) -> Requests:
        values = [of.value(each) for each in operands]
        flat: list[Any] = list(operands)
        if name == "Format" and len(flat) == 2 and isinstance(inner := _inner(flat[1]), nodes.ArrayCreation):
            flat = [flat[0], *(inner.items or ())]
            values = [of.value(each) for each in flat]
        for number, value in inverse(name, values, wanted):
            if 0 <= number < len(flat) and not flat[number].is_constant:
                yield from self.solve(of, flat[number], value)

    def _query(
        self, of: Recorded, node: nodes.Call, operands: list[Expression], test: nodes.Lambda, wanted: Any
    ) -> Requests:
        """Yield requests with which a query over a collection has another result."""
        name, source = node.method.name, operands[0]
        items, body = of.value(source), test.body
        has_run = _first_evaluated(of, body)
        if not has_run:
            first = self._usual_item(of, body, test)
            if not (name in ("All", "Any", "Count") and wanted in (False, 0) and name != "All"):
                yield from self.solve(of, source, [first])
            return
        if not isinstance(body, nodes.Expression):
            return
        match name:
            case "Any" | "All":
                yield from self.solve(of, body, wanted)
                if isinstance(items, list):
                    if bool(wanted) == (name == "Any"):
                        yield from self.solve(of, source, [*items, *items[-1:]])
                    else:
                        yield from self.solve(of, source, [])
            case "First" | "FirstOrDefault" | "Single" | "SingleOrDefault" | "Last" | "LastOrDefault":
                current = of.value(node)
                if wanted is None:
                    yield from self.solve(of, body, False)
                elif current is None or current is UNKNOWN:
                    yield from self.solve(of, body, True)
                elif isinstance(items, list) and current in items:
                    yield from self.solve(of, source, with_member(items, [items.index(current)], wanted))
                else:
                    yield from self.solve(of, body, False)
                    yield from self.solve(of, body, True)
            case "Select" | "Sum" | "Max" | "Min" | "Average":
                outer = of.parents.get(id(node))
                current = of.value(outer) if isinstance(outer, nodes.Call) else of.value(node)
                if isinstance(wanted, list) and isinstance(current, list) and len(wanted) == len(current):
                    self._place = next((i for i, each in enumerate(wanted) if each != current[i]), None)
                    try:
                        yield from self.solve(of, body, wanted[self._place or 0] if wanted else None)
                    finally:
                        self._place = None
                    return
                yield from self.solve(of, body, wanted[-1] if isinstance(wanted, list) and wanted else wanted)
                if isinstance(wanted, list) and isinstance(items, list) and len(wanted) != len(items):
                    from apimpolicy.proposing.inverses import resized

                    yield from self.solve(of, source, resized(items, len(wanted)))
            case "Where" | "Count" | "TakeWhile" | "SkipWhile":
                size = (
                    len(wanted) if isinstance(wanted, list) else int(wanted) if isinstance(wanted, (int, float)) else 1
                )
                if size:
                    yield from self.solve(of, body, True)
                    if size > 1 and isinstance(items, list):
                        yield from self.solve(of, source, [*items[-1:]] * size)
                else:
                    yield from self.solve(of, body, False)
            case "OrderBy" | "OrderByDescending" | "ThenBy":
                yield from self.solve(of, source, wanted)

    def _usual_item(self, of: Recorded, body: Bound, test: nodes.Lambda) -> Any:
        type_ = str(test.parameters[0].type) if test.parameters else "string"
        if type_.rpartition(".")[2] not in _JSON:
            return _sample(type_)
        reads = [
            each
            for each in body.walk()
            if isinstance(each, nodes.IndexerAccess) and isinstance(_inner(each.receiver), nodes.Local)
        ]
        item: Any = {}
        for each in reads:
            key = of.value(each.arguments[0])
            if isinstance(key, str):
                item[key] = self.usual(of, each)
        return item or ("x" if type_.endswith("JToken") else {})

    # What `context` has by name

    def _fields(self, of: Recorded, receiver: Bound) -> str | Key | None:
        """Return what fields an expression is: `header`, `query`, `matched`, `variable`, or headers of a response."""
        receiver = _inner(receiver)
        if not isinstance(receiver, nodes.PropertyAccess):
            return None
        match context_path(of, receiver):
            case ("Request", "Headers") | ("Request", "OriginalHeaders"):
                return "header"
            case ("Request", "Url" | "OriginalUrl", "Query"):
                return "query"
            case ("Request", "MatchedParameters"):
                return "matched"
            case ("Variables",):
                return "variable"
        if receiver.property.name == "Claims" and receiver.receiver is not None:
            token = self._token(of, receiver.receiver)
            return None if token is None else (*token, "claim")
        if receiver.property.name == "Headers" and receiver.receiver is not None:
            message = self._message(of, receiver.receiver)
            return (*message, "header") if message else None
        return None

    def _token(self, of: Recorded, node: Bound) -> Key | None:
        """Return the key of a token."""
        of, node = self._origin(of, node)
        name = self._variable_name(of, node)
        if name is not None:
            setter = self.sources.setter(name, of.index)
            return ("variable", name) if setter is None else self.sources.token(setter[1], name)
        receiver, _ = _call_parts(node)
        if isinstance(node, nodes.Call) and node.method.name == "AsJwt" and receiver is not None:
            inner, text = self._origin(of, receiver)
            around, arguments = _call_parts(text)
            field = inner.value(arguments[0]) if arguments else None
            if around is not None and self._fields(inner, around) == "header" and isinstance(field, str):
                return "header", field.lower()
        return None

    def _named_field(self, of: Recorded, node: nodes.Call, kind: str | Key, field: str, wanted: Any) -> Requests:
        name = node.method.name
        if name in ("ContainsKey", "Contains") or (name == "TryGetValue" and isinstance(wanted, bool)):
            calls = (each.method.name for each in of.body.walk() if isinstance(each, nodes.Call)) if of.body else ()
            usual = "1" if any(each.startswith(("Parse", "ToInt")) for each in calls) else "x"
            yield from self._field(of, kind, field, usual if wanted else None)
        elif name in ("GetValueOrDefault", "GetValues", "TryGetValue", "get_Item"):
            _, arguments = _call_parts(node)
            default = of.value(arguments[1]) if len(arguments) > 1 and name == "GetValueOrDefault" else None
            if wanted == default and of.value(node) != default:
                yield from self._field(of, kind, field, None)
            yield from self._field(of, kind, field, wanted)

    def _field(self, of: Recorded, kind: str | Key, name: str, wanted: Any) -> Requests:
        sources = self.sources
        if kind == "variable":
            yield from self._variable(of, name, wanted)
            return
        if isinstance(kind, tuple) and kind[-1] == "claim":
            yield from sources.claim(kind, name, wanted)
            return
        if kind == "header" or isinstance(kind, tuple):
            setter = sources.header_setter("request" if kind == "header" else "response", name.lower(), of.index)
            if setter is not None:
                index, entry = setter
                for each in entry.evaluations:
                    if each.what == "value":
                        inner = self.recorded(each, index)
                        if inner.body is not None:
                            yield from self.returned(inner, wanted)
                return
            name = name.lower()
        key: Key = (kind, name) if isinstance(kind, str) else (*kind, name)
        yield from sources.field(key, wanted)

    def _variable(self, of: Recorded, name: str, wanted: Any) -> Requests:
        sources = self.sources
        setter = sources.setter(name, of.index)
        if setter is None:
            yield from sources.variable("variable", name, wanted)
            return
        index, entry = setter
        effect = entry.effect
        if isinstance(effect, CacheAccessed):
            if effect.key is not None:
                yield from sources.variable("cache", effect.key, wanted)
        elif isinstance(effect, Sent):
            yield from sources.fails(sources.sent(index), is_wanted=wanted is None)
        else:
            for each in entry.evaluations:
                if each.what == "value":
                    yield from self.returned(self.recorded(each, index), wanted)
            yield from sources.passes(entry, name, wanted)

    def _message_of_body(self, of: Recorded, receiver: Bound) -> Key | None:
        of, node = self._origin(of, receiver)
        if isinstance(node, nodes.PropertyAccess) and node.property.name == "Body" and node.receiver is not None:
            return self._message(of, node.receiver)
        return None

    def _body(self, of: Recorded, message: Key, wanted: Any) -> Requests:
        kind = {"answer": "response", "sent": ""}.get(message[0] if message else "", "request")
        setter = self.sources.body_setter(kind, of.index) if kind else None
        if setter is not None:
            index, entry = setter
            for each in entry.evaluations:
                yield from self.returned(self.recorded(each, index), text_of(wanted) if wanted is not None else "")
            element = entry.element
            if content := of_template(element.source.text[element.start : element.end]):
                yield from self.sources.body(message, content)
            return
        yield from self.sources.body(message, wanted)

    def _of_group(self, of: Recorded, receiver: Expression, wanted: Any) -> Requests:
        """Yield requests with another text of a match or a group of one."""
        group = of.raw(receiver)
        call: Bound = receiver
        while not isinstance(call, nodes.Call):
            of, call = self._origin(of, call)
            if not isinstance(call, (nodes.IndexerAccess, nodes.PropertyAccess)) or call.receiver is None:
                break
            call = call.receiver
        if not isinstance(call, nodes.Call) or call.method.name != "Match":
            return
        source = (
            call.receiver if call.receiver is not None and str(call.receiver.type) == "string" else call.arguments[0]
        )
        text = of.value(source)
        start, length = getattr(group, "index", None), getattr(group, "length", None)
        if isinstance(text, str) and isinstance(start, int) and isinstance(length, int) and group.success:
            new = text_of("x" if wanted is None else wanted)
            yield from self.solve(of, source, text[:start] + new + text[start + length :])
        else:
            yield from self._call(of, call, True)

    # Statements

    def returned(self, of: Recorded, wanted: Any) -> Requests:
        """Yield requests with which an expression returns a value."""
        body = of.body
        if body is None:
            return
        if isinstance(body, nodes.Expression):
            yield from self.solve(of, body, wanted)
            return
        returns = [each for each in body.walk() if isinstance(each, nodes.Return) and each.value is not None]
        done = [each for each in returns if each.value is not None and of.has(each.value)]
        for each in done[-1:]:
            assert each.value is not None
            yield from self.solve(of, each.value, wanted)
        others = [each for each in returns if each not in done[-1:] and each.value is not None]
        for each in sorted(others, key=lambda each: not (_is_constant(each.value) and each.value.constant == wanted)):  # type: ignore[union-attr]
            if not _is_constant(each.value) or each.value.constant == wanted:  # type: ignore[union-attr]
                yield from self.reach(of, each)

    def reach(self, of: Recorded, node: Bound) -> Requests:
        """Yield requests with which a part of an expression is evaluated."""
        path = of.around(node)
        if of.error is not None:
            yield from self.repair(of)
        for outer, inner in pairwise(path):
            need = _need(of, outer, inner)
            if need is None:
                continue
            part, wanted = need
            if isinstance(wanted, _Nonempty):
                if not isinstance(part, nodes.Expression) or of.value(part) not in ([], None, {}, UNKNOWN, ""):
                    continue
                item = self._usual_item(of, inner, outer) if isinstance(outer, nodes.Lambda) else "x"
                yield from self.solve(of, part, [item])
            elif isinstance(wanted, _NotNull):
                yield from self.solve(of, part, self.usual(of, part))
            elif of.raw(part) is not UNKNOWN and of.value(part) != wanted:
                yield from self.solve(of, part, wanted)
                return
        ended = of.last_return()
        if ended is not None and ended not in path:
            for outer, inner in reversed(list(pairwise(of.around(ended)))):
                if outer in path and inner in path:
                    break
                if isinstance(outer, nodes.If) and inner is not outer.condition:
                    yield from self.solve(of, outer.condition, inner is not outer.then)

    def failures(self) -> Requests:
        """Yield requests with which a policy fails."""
        yield from self.sources.failures({})

    def avoid(self, of: Recorded, node: Bound) -> Requests:
        """Yield requests with which a part of an expression is not evaluated."""
        path = of.around(node)
        for outer, inner in reversed(list(pairwise(path))):
            if isinstance(outer, nodes.If) and inner is not outer.condition and of.has_any(inner):
                yield from self.solve(of, outer.condition, inner is not outer.then)

    def repair(self, of: Recorded) -> Requests:
        """Yield requests with which an expression does not throw where it did."""
        failed = of.failed()
        if failed is None:
            return
        receiver, _ = _call_parts(failed)
        if isinstance(failed, nodes.PropertyAccess):
            receiver = failed.receiver
        if isinstance(failed, nodes.ArrayAccess):
            receiver = failed.array
        if receiver is not None and of.raw(receiver) is None and not isinstance(failed, nodes.IndexerAccess):
            yield from self.solve(of, receiver, self.usual(of, receiver))
        yield from self.solve(of, failed, self.usual(of, failed))
        for child in failed.children():
            if isinstance(child, nodes.Expression) and isinstance(value := of.value(child), str) and len(value) < 12:
                for sample in (
                    "1",
                    "eA==",
                    "{}",
                    "2026-01-01T00:00:00Z",
                    "https://contoso.example/x",
                    "xxxxxxxxxxxxxxxxxxxxxxxx",
                ):
                    yield from self.solve(of, child, sample)

    def usual(self, of: Recorded, node: Bound) -> Any:
        """Return a value that an expression usually has, by its type and what uses it."""
        inner = node
        while isinstance(inner, nodes.Convert) and _is_vague(inner):
            inner = inner.operand
        if not _is_vague(inner):
            return _sample(str(getattr(inner, "type", "")))
        for each in reversed(of.around(node)[:-1]):
            if isinstance(each, (nodes.Convert, nodes.AsType)) or (
                isinstance(each, nodes.Call) and each.method.name in ("op_Explicit", "ToObject", "Value")
            ):
                if not _is_vague(each):
                    return _sample(str(each.type))
                continue
            if isinstance(each, nodes.IndexerAccess):
                return [] if isinstance(of.value(each.arguments[0]), int) else {}
            if isinstance(each, nodes.Foreach):
                return ["x"]
            if isinstance(each, nodes.Binary):
                other = of.value(each.right if node is not each.right else each.left)
                return other if other is not UNKNOWN and other is not None else "x"
            break
        return "x"

    def truth(self, of: Recorded, node: Bound, *, wanted: Any) -> Requests:
        """Yield requests with which a condition has an outcome; one about null is to be None or not."""
        if not of.has(node):
            yield from self.reach(of, node)
        yield from self.solve(of, node, wanted)


class _Nonempty:
    pass


class _NotNull:
    pass


def _need(of: Recorded, outer: Bound, inner: Bound) -> tuple[Bound, Any] | None:
    """Return what is to be so that a part inside another is evaluated."""
    match outer:
        case nodes.Logical() if inner is outer.right:
            return outer.left, outer.operator == "&&"
        case nodes.Conditional() if inner is not outer.condition:
            return outer.condition, inner is outer.when_true
        case nodes.If() if inner is not outer.condition:
            return outer.condition, inner is outer.then
        case nodes.Loop() if outer.condition is not None and inner is outer.body and not of.has_any(inner):
            return outer.condition, True
        case nodes.Coalesce() if inner is outer.right:
            return outer.left, None
        case nodes.ConditionalAccess() if inner is outer.access and of.raw(outer.receiver) is None:
            return outer.receiver, _NotNull()
        case nodes.Foreach() if inner is outer.body:
            return outer.collection, _Nonempty()
        case nodes.Lambda():
            call = next((each for each in reversed(of.around(outer)) if isinstance(each, nodes.Call)), None)
            if call is not None:
                source = call.receiver or call.arguments[0]
                return source, _Nonempty()
    return None


def context_path(of: Recorded, node: Bound | None) -> tuple[str, ...] | None:
    """Return the properties from `context` to a value: ("Request", "Url")."""
    names: list[str] = []
    while isinstance(node, (nodes.PropertyAccess, nodes.Convert, nodes.Placeholder, nodes.ConditionalAccess)):
        if isinstance(node, nodes.PropertyAccess):
            names.append(node.property.name)
            node = node.receiver
        elif isinstance(node, nodes.Placeholder):
            node = of.holder(node)
        else:
            node = node.operand if isinstance(node, nodes.Convert) else node.access
    is_context = isinstance(node, nodes.Local) and str(node.type) == "IContext"
    return tuple(reversed(names)) if is_context and names else None


def _inner(node: Any) -> Any:
    while isinstance(node, (nodes.Convert, nodes.AsType)):
        node = node.operand
    return node


def _receiver(node: nodes.Call) -> Any:
    return _inner(node.receiver)


def _call_parts(node: Bound) -> tuple[Expression | None, Sequence[Expression]]:
    """Return the receiver and the arguments of a call or an indexer; those of an extension method too."""
    node = _inner(node)
    if isinstance(node, nodes.IndexerAccess):
        return node.receiver, node.arguments
    if isinstance(node, nodes.Call):
        if node.receiver is not None:
            return node.receiver, node.arguments
        if node.arguments:
            return node.arguments[0], node.arguments[1:]
    return None, ()


def _is_vague(node: Bound) -> bool:
    """Return whether the type of an expression says little about its value."""
    type_ = str(getattr(node, "type", "object"))
    return type_ in ("object", "") or type_.endswith("JToken")


def _constant(node: Any) -> Any:
    return node.constant


def _is_constant(node: Any) -> bool:
    return isinstance(node, nodes.Expression) and node.is_constant


def _holds(argument: Any, symbol: object) -> bool:
    inner = _inner(argument)
    return isinstance(inner, nodes.Lambda) and any(each is symbol for each in inner.parameters)


def _first_evaluated(of: Recorded, body: Bound) -> bool:
    return any(of.has(each) for each in body.walk())


def _sample(type_: str) -> Any:
    """Return a value of a type."""
    name = type_.rstrip("?").rpartition(".")[2]
    if name in ("int", "long", "short", "uint", "ulong", "byte", "double", "float", "decimal"):
        return 1
    if name == "byte[]":
        return b"x"
    if name.endswith("[]") or name in ("JArray",) or "List<" in type_ or "IEnumerable<" in type_:
        return ["x"]
    if name.startswith(("JObject", "JContainer")) or "Dictionary<" in type_:
        return {}
    return {"bool": True, "DateTime": _NOW, "DateTimeOffset": _NOW, "char": "x", "TimeSpan": Ticks(60 * SECOND)}.get(
        name, "x"
    )


def _arithmetic(operator: str, number: int, known: Any, wanted: Any, current: Any) -> list[Any]:
    """Return operands with which an operator gives a number; `known` is the other one."""
    try:
        match operator, number:
            case "+", _:
                return [wanted - known]
            case "-", 0:
                return [wanted + known]
            case "-", 1:
                return [known - wanted]
            case "*", _:
                return [wanted // known, -(-wanted // known)] if known else []
            case "/", 0:
                return [wanted * known]
            case "%", 0:
                base = current if isinstance(current, int) else 0
                return [base - base % known + wanted] if known else []
            case "&" | "|", _:
                return [wanted]
            case "<<", 0:
                return [wanted >> known]
            case ">>", 0:
                return [wanted << known]
    except (ArithmeticError, TypeError, ValueError):
        pass
    return []


_RULES: dict[type, Callable[..., Requests]] = {
    nodes.Convert: Backward._operand,
    nodes.AsType: Backward._operand,
    nodes.Unary: Backward._unary,
    nodes.Logical: Backward._logical,
    nodes.Binary: Backward._binary,
    nodes.Conditional: Backward._conditional,
    nodes.Coalesce: Backward._coalesce,
    nodes.ConditionalAccess: Backward._access_if,
    nodes.Placeholder: Backward._placeholder,
    nodes.IsType: Backward._is_type,
    nodes.IsPattern: Backward._is_type,
    nodes.InterpolatedString: Backward._interpolated,
    nodes.Local: Backward._local,
    nodes.Assignment: Backward._value_of,
    nodes.CompoundAssignment: Backward._compound,
    nodes.PropertyAccess: Backward._property,
    nodes.IndexerAccess: Backward._indexer,
    nodes.ArrayAccess: Backward._array,
    nodes.Call: Backward._call,
}
