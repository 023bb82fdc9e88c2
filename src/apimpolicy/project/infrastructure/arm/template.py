"""An ARM template with the values of its parameters: the resources that it deploys, nested deployments included.

Source: https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from apimpolicy.project.infrastructure import nodes
from apimpolicy.project.infrastructure.arm.parser import parse_json
from apimpolicy.project.infrastructure.bicep.functions import FUNCTIONS, to_text
from apimpolicy.project.infrastructure.evaluation import Budget, CodeEvaluator, Scope
from apimpolicy.project.infrastructure.functions import Function, of_known
from apimpolicy.project.infrastructure.parsing import NotReadable
from apimpolicy.project.infrastructure.resources import PROVIDER, Note, Resource, properties_of, segments, texts_in
from apimpolicy.project.infrastructure.values import NameResolver, Unknown, Value, shown

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.files import Files
    from apimpolicy.text.source import Source

DEPLOYMENT = "microsoft.resources/deployments"
MOST_COPIES = 5_000

_OPERATORS: dict[str, Callable[..., Value]] = {
    "add": operator.add,
    "and": lambda *values: all(values),
    "div": lambda first, second: int(first / second),
    "equals": operator.eq,
    "greater": operator.gt,
    "greaterorequals": operator.ge,
    "less": operator.lt,
    "lessorequals": operator.le,
    "mod": operator.mod,
    "mul": operator.mul,
    "not": operator.not_,
    "or": lambda *values: any(values),
    "sub": operator.sub,
    "xor": operator.ne,
}


class JsonTemplate(CodeEvaluator):
    """One template, deployed once."""

    FUNCTIONS: ClassVar[Mapping[str, Function]] = {
        **{name.lower(): function for name, function in FUNCTIONS.items()},
        **{name: of_known(function) for name, function in _OPERATORS.items()},
    }

    def __init__(
        self,
        source: Source,
        node: nodes.CodeNode,
        budget: Budget,
        given: Mapping[str, Value] | None = None,
        outer: JsonTemplate | None = None,
        place: str = "",
    ) -> None:
        super().__init__(budget, place)
        self.source = source
        self.given = dict(given or {})
        self.outer = outer
        """The template whose parameters and variables are used in this one."""
        self.level: int = 0 if outer is None else outer.level + 1
        self.notes: list[Note] = []
        self.unset: list[str] = []
        self.sections = {key.lower(): value for key, value in self.entries(node)}
        self.doubts: frozenset[str] = frozenset()
        """The expressions that aren't known, on which depends whether, or how often, the template is deployed."""
        self._deployed: dict[str, JsonTemplate] = {}

    @classmethod
    def of_file(
        cls, files: Files, path: str, budget: Budget, given: Mapping[str, Value] | None, level: int, place: str
    ) -> JsonTemplate:
        """Read a template file. Raises LookupError when it can't be read."""
        source = files.source(path)
        try:
            made = cls(source, parse_json(source), budget, given, None, place)
        except NotReadable as error:
            raise LookupError(error.problem.message) from None
        made.level = level
        return made

    def entries(self, node: nodes.CodeNode | None) -> list[tuple[str, nodes.CodeNode]]:
        """Return the entries of an object, without evaluating them."""
        if not isinstance(node, nodes.Object):
            return []
        return [(str(self.value(key, self.source, {})), value) for key, value in node.entries if key is not None]

    def entry(self, node: nodes.CodeNode | None, name: str) -> nodes.CodeNode | None:
        return next((value for key, value in self.entries(node) if key.lower() == name.lower()), None)

    def text(self, value: Value) -> str:
        return to_text(value)

    def name(self, name: str, scope: Scope) -> Value:
        raise LookupError(name)

    # Functions

    def call(self, node: nodes.FunctionCall, source: Source, scope: Scope) -> Value:
        name = node.name.lower()
        if name == "if":
            test = self.truth(self.value(node.arguments[0], source, scope))
            if test is None:
                raise LookupError
            return self.reference(node.arguments[1 if test else 2], source, scope)
        special: Callable[..., Value] | None = getattr(self, f"function_{name}", None)
        arguments = [self.value(each, source, scope) for each in node.arguments]
        if special is not None:
            return special(arguments, scope)
        return self.apply(name, arguments, source, scope)

    def function_parameters(self, arguments: list[Value], scope: Scope) -> Value:
        return self._once("parameters", arguments[0])

    def function_variables(self, arguments: list[Value], scope: Scope) -> Value:
        return self._once("variables", arguments[0])

    def _once(self, section: str, name: str) -> Value:
        if self.outer is not None:
            return self.outer._once(section, name)
        key = f"{section}('{name}')"
        if key not in self._found:
            self._found[key] = Unknown(f"{key} in {self.place}" if self.place else key)
            self._found[key] = self._parameter(name, key) if section == "parameters" else self._variable(name)
        return self._found[key]

    def _parameter(self, name: str, key: str) -> Value:
        for given, value in self.given.items():
            if given.lower() == name.lower():
                return value
        default = self.entry(self.entry(self.sections.get("parameters"), name), "defaultValue")
        if default is None:
            self.unset.append(name)
            return self._found[key]
        return self.value(default, self.source, {})

    def _variable(self, name: str) -> Value:
        section = self.sections.get("variables")
        node = self.entry(section, name)
        if node is not None:
            return self.value(node, self.source, {})
        return self.value(section, self.source, {})[name] if section is not None else Unknown(f"variables('{name}')")

    def function_copyindex(self, arguments: list[Value], scope: Scope) -> Value:
        named = [each for each in arguments if isinstance(each, str)]
        offset = next((each for each in arguments if isinstance(each, int)), 0)
        return scope[f"copy {named[0].lower()}" if named else "copy"] + offset

    def function_reference(self, arguments: list[Value], scope: Scope) -> Value:
        name = segments(arguments[0])[-1]
        child = self._deployed.get(str(name))
        if child is None:
            raise LookupError(name)
        return Outputs(child)

    def object(self, node: nodes.Object, source: Source, scope: Scope) -> Value:
        """Evaluate an object; entries that `copy` makes are added."""
        found = super().object(node, source, scope)
        copies = found.get("copy")
        if not isinstance(copies, list):
            return found
        del found["copy"]
        for loop in self._loops(node):
            name, count = (self._field(loop, each, scope) for each in ("name", "count"))
            body = self.entry(loop, "input")
            if isinstance(count, int) and body is not None:
                found[str(name)] = [
                    self.value(body, source, {**scope, "copy": index, f"copy {str(name).lower()}": index})
                    for index in range(min(count, MOST_COPIES))
                ]
        return found

    def _loops(self, node: nodes.CodeNode) -> list[nodes.CodeNode]:
        loops = self.entry(node, "copy")
        return list(loops.items) if isinstance(loops, nodes.Array) else []

    # Resources

    def resources(self) -> Iterator[Resource]:
        """Yield the resources of API Management, those of nested deployments included."""
        return (each for each, is_left_out in self._all() if not is_left_out)

    def left_out(self) -> Iterator[Resource]:
        """Yield the resources that aren't deployed with these values, and may be with others."""
        return (each for each, is_left_out in self._all() if is_left_out)

    def _all(self) -> Iterator[tuple[Resource, bool]]:
        section = self.sections.get("resources")
        listed = section.items if isinstance(section, nodes.Array) else [each for _, each in self.entries(section)]
        for node in listed:
            yield from self._resources(node, "", [], False)

    def _resources(
        self, node: nodes.CodeNode, outer_type: str, outer_names: list[Value], is_left_out: bool
    ) -> Iterator[tuple[Resource, bool]]:
        if self.entry(node, "existing") is not None:
            return
        for scope, doubts_of_instance in self._instances(node):
            left_out = is_left_out or doubts_of_instance is None
            doubts = doubts_of_instance or frozenset()
            written = self._field(node, "type", scope)
            type_ = str(written).lower()
            if outer_type and not type_.startswith(outer_type):
                type_ = f"{outer_type}/{type_}"
            own = segments(self._field(node, "name", scope))
            names = [*outer_names, *own] if outer_names and len(own) < len(type_.split("/")) - 1 else own
            if type_ == DEPLOYMENT:
                yield from self._deployment(node, scope, doubts, left_out)
                continue
            if type_ == PROVIDER or type_.startswith(f"{PROVIDER}/"):
                yield self._resource(node, type_, names, scope, doubts), left_out
            inner = self.entry(node, "resources")
            for item in inner.items if isinstance(inner, nodes.Array) else ():
                yield from self._resources(item, type_, names, left_out)

    def _instances(self, node: nodes.CodeNode) -> Iterator[tuple[dict[str, Value], frozenset[str] | None]]:
        """Yield the variables for each copy of a resource, and the unknown conditions; None if it isn't deployed."""
        condition = self.entry(node, "condition")
        copy = self.entry(node, "copy")
        scopes: list[dict[str, Value]] = [{}]
        count: Value = None
        doubts = self.doubts
        if copy is not None:
            count, name = self._field(copy, "count", {}), str(self._field(copy, "name", {})).lower()
            indexes: Iterable[Value] = range(min(count, MOST_COPIES)) if isinstance(count, int) else ()
            if not isinstance(count, int) or count == 0:
                where = count.text if isinstance(count, Unknown) else str(count)
                indexes = [Unknown(f"copyIndex() of {where}")]
                doubts |= {where}
            scopes = [{"copy": index, f"copy {name}": index} for index in indexes]
        for scope in scopes:
            if not self.budget.takes_instances(1):
                return
            value = True if condition is None else self.value(condition, self.source, scope)
            truth = self.truth(value)
            unknown = {value.text if isinstance(value, Unknown) else "condition"} if truth is None else set()
            yield scope, None if truth is False or count == 0 else doubts | unknown

    def _field(self, node: nodes.CodeNode, name: str, scope: Scope) -> Value:
        found = self.entry(node, name)
        return None if found is None else self.value(found, self.source, scope)

    def _resource(
        self, node: nodes.CodeNode, type_: str, names: list[Value], scope: Scope, doubts: frozenset[str]
    ) -> Resource:
        kinds = [each for each in type_.removeprefix(PROVIDER).split("/") if each]
        missing = len(kinds) + 1 - len(names)
        names = [Unknown("a name")] * missing + names
        properties = self._field(node, "properties", scope)
        found = properties_of(properties)
        if not kinds:
            found |= {name: self._field(node, name, scope) for name in ("identity", "sku")}
        address = "/".join(shown(self.as_text(each)) for each in names)
        inner = names[1:] if kinds else []
        return Resource("/".join(kinds), inner, found, self.source, node.start, address, doubts, service=names[0])

    def _deployment(
        self, node: nodes.CodeNode, scope: Scope, doubts: frozenset[str], is_left_out: bool
    ) -> Iterator[tuple[Resource, bool]]:
        properties = self.entry(node, "properties")
        template = self.entry(properties, "template")
        name = str(self._field(node, "name", scope))
        if template is None or self.level > 10:
            link = self._field(properties, "templateLink", scope) if properties is not None else None
            url = (link.get("uri") or link.get("relativePath")) if isinstance(link, dict) else None
            message = f"the template of the deployment '{name}' isn't read: {shown(self.as_text(url or '?'))}"
            advice = "A template in the folder is read on its own."
            parameters = self._field(properties, "parameters", scope) if properties is not None else None
            self.notes.append(Note(message, self.source, node.start, advice, hides=True, texts=texts_in([parameters])))
            return
        options = self.entry(properties, "expressionEvaluationOptions")
        inner = options is not None and str(self._field(options, "scope", {})).lower() == "inner"
        parameters = {
            key: self.value(value, self.source, scope)
            for key, entry in self.entries(self.entry(properties, "parameters"))
            if (value := self.entry(entry, "value")) is not None
        }
        child = JsonTemplate(self.source, template, self.budget, parameters, None if inner else self, name)
        child.level = self.level + 1
        child.doubts = doubts
        self._deployed[name] = child
        yield from ((resource, is_left_out or left_out) for resource, left_out in child._all())
        self.notes += child.notes

    def output(self, name: str) -> Value:
        """Return the value of an output. Raises LookupError."""
        node = self.entry(self.entry(self.sections.get("outputs"), name), "value")
        if node is None:
            raise LookupError(name)
        return self.value(node, self.source, {})

    def all_notes(self) -> Iterator[Note]:
        yield from self.notes


class Outputs(NameResolver):
    """`reference(…).outputs.name.value` of a nested deployment."""

    def __init__(self, template: JsonTemplate, name: str | None = None) -> None:
        self.template, self.output = template, name

    def member(self, name: str) -> Value:
        if name == "outputs":
            return self
        if name == "value" and self.output is not None:
            return self.template.output(self.output)
        return Outputs(self.template, name)
