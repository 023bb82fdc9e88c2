"""A Bicep file with the values of its parameters; it resolves the names in expressions and yields the resources."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeAlias

from apimpolicy.project.infrastructure import nodes
from apimpolicy.project.infrastructure.bicep.functions import FUNCTIONS, LAZY, to_text
from apimpolicy.project.infrastructure.bicep.known_modules import stand_in_for
from apimpolicy.project.infrastructure.bicep.parser import Declaration, parse_file
from apimpolicy.project.infrastructure.bicep.references import (
    ModuleReference,
    ResourceReference,
    entry_of,
    hole_of,
    nested_in,
)
from apimpolicy.project.infrastructure.evaluation import PATH, Budget, CodeEvaluator, Scope
from apimpolicy.project.infrastructure.functions import from_json, from_yaml
from apimpolicy.project.infrastructure.resources import Note, Resource, texts_in
from apimpolicy.project.infrastructure.values import Named, NameResolver, SourcedText, Unknown, Value, is_known
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.arm.template import JsonTemplate
    from apimpolicy.project.infrastructure.files import Files

    Deployment: TypeAlias = "BicepTemplate | JsonTemplate"

MOST_LEVELS = 12
MOST_INSTANCES = 5_000


class BicepTemplate(CodeEvaluator):
    """One Bicep file, deployed once."""

    FUNCTIONS = FUNCTIONS
    LAZY = LAZY

    def __init__(
        self,
        files: Files,
        path: str,
        budget: Budget,
        given: Mapping[str, Value] | None = None,
        level: int = 0,
        place: str = "",
        stand_in: tuple[Source, int, str] | None = None,
    ) -> None:
        """Read a file, or code in the place of a module; then `stand_in` has the module's place and the code."""
        super().__init__(budget, place)
        self.files = files
        self.folder = os.path.dirname(path)
        self.given = dict(given or {})
        self.level = level
        self.assumed_at = None if stand_in is None else stand_in[:2]
        self.source = files.source(path) if stand_in is None else Source(stand_in[2], path)
        self.notes: list[Note] = []
        self.unset: list[str] = []
        """Parameters that were needed and have no value."""
        self.doubts: frozenset[str] = frozenset()
        """The expressions that aren't known, on which depends whether, or how often, the file is deployed."""
        self._parents: dict[int, Declaration] = {}
        self._others: dict[str, BicepTemplate] = {}
        self._children: dict[tuple[str, int], list[tuple[Value, Deployment]]] = {}

    @cached_property
    def declarations(self) -> list[Declaration]:
        found, problems = parse_file(self.source)
        self.notes += [Note(problem.message, self.source, problem.start, hides=True) for problem in problems]
        return found

    @cached_property
    def named(self) -> dict[str, Declaration]:
        """Declarations by name; of nested resources with the same name, the first."""
        found: dict[str, Declaration] = {}
        waiting = list(self.declarations)
        while waiting:
            declared = waiting.pop(0)
            if declared.name and declared.kind != "output":
                found.setdefault(declared.name, declared)
            inner = nested_in(declared)
            self._parents |= {id(each): declared for each in inner}
            waiting += inner
        return found

    @property
    def parents(self) -> Mapping[int, Declaration]:
        """The resources in whose bodies others are declared, by the identity of these."""
        return self._parents if self.named else {}

    def text(self, value: Value) -> str:
        return to_text(value)

    def as_text(self, value: Value) -> str:
        if isinstance(value, NameResolver):
            raise TypeError
        return super().as_text(value)

    def arithmetic(self, sign: str, left: Value, right: Value) -> Value:
        if sign == "/":
            return int(left / right) if right else left // right
        return super().arithmetic(sign, left, right)

    def bound(self, names: Sequence[str], key: Value, value: Value) -> dict[str, Value]:
        return dict(zip(names, (value, key), strict=False))

    # Names

    def name(self, name: str, scope: Scope) -> Value:
        return self.once(name, lambda: self._named(name))

    def _named(self, name: str) -> Value:
        if name in self.given:
            return self.given[name]
        found = self.named.get(name)
        if found is None:
            return self.imported(name)
        if found.kind == "resource":
            return ResourceReference(self, found)
        if found.kind == "module":
            return ModuleReference(self, found)
        if found.value is None:
            self.unset.append(name)
            raise LookupError(name)
        return self.value(found.value, self.source, {})

    def imported(self, name: str) -> Value:
        """Return a name's value from another file. Raises LookupError."""
        for declared in self.declarations:
            for exported, alias in declared.names:
                if alias == name and declared.type is not None:
                    other = self.other(declared.type)
                    return Named(partial(other.name, scope={})) if exported == "*" else other.name(exported, {})
        raise LookupError(name)

    def other(self, node: nodes.CodeNode) -> BicepTemplate:
        """Return another file, from which names are taken. Raises LookupError."""
        path = self.value(node, self.source, {})
        if self.level >= MOST_LEVELS or not isinstance(path, str) or not path.endswith(".bicep"):
            raise LookupError(path)
        if path not in self._others:
            full = os.path.join(self.folder, path)
            self._others[path] = BicepTemplate(self.files, full, self.budget, None, self.level + 1, self.place)
        return self._others[path]

    def call(self, node: nodes.FunctionCall, source: Source, scope: Scope) -> Value:
        special: Callable[..., Value] | None = getattr(self, f"function_{node.name}", None)
        if special is not None:
            return special([self.value(each, source, scope) for each in node.arguments], source)
        found = self.function(node)
        if found is not None:
            template, function = found
            values = [self.value(each, source, scope) for each in node.arguments]
            made = template.value(function.body, template.source, dict(zip(function.names, values, strict=False)))
            return self.unknown(node, source, scope) if isinstance(made, Unknown) else made
        return super().call(node, source, scope)

    def function(self, node: nodes.FunctionCall) -> tuple[BicepTemplate, nodes.Lambda] | None:
        """Return the function of this file, or an imported one, that a call names, and the file that it is in."""
        own = self.named.get(node.name)
        if own is not None and isinstance(own.value, nodes.Lambda):
            return self, own.value
        receiver = node.receiver.name if isinstance(node.receiver, nodes.Name) else None
        for declared in self.declarations:
            for exported, alias in declared.names:
                if declared.type is not None and alias == (receiver or node.name):
                    return self.other(declared.type).function(
                        nodes.FunctionCall(node.start, node.end, node.name if receiver else exported, node.arguments)
                    )
        return None

    # Functions that read files or name resources

    def _file(self, path: Value) -> Source:
        if not isinstance(path, str) or not is_known(path):
            raise LookupError(path)
        return self.files.source(self.files.named(self.folder, path))

    def function_loadTextContent(self, arguments: list[Value], source: Source) -> Value:  # noqa: N802
        return SourcedText.file(self._file(arguments[0]))

    def function_loadJsonContent(self, arguments: list[Value], source: Source) -> Value:  # noqa: N802
        return _at_path(from_json(without_comments(self._file(arguments[0]).text)), arguments[1:])

    def function_loadYamlContent(self, arguments: list[Value], source: Source) -> Value:  # noqa: N802
        return _at_path(from_yaml(self._file(arguments[0]).text), arguments[1:])

    def function_loadFileAsBase64(self, arguments: list[Value], source: Source) -> Value:  # noqa: N802
        if not is_known(arguments[0]):
            raise LookupError
        return base64.b64encode(self.files.data(self.files.named(self.folder, arguments[0]))).decode()

    def function_readEnvironmentVariable(self, arguments: list[Value], source: Source) -> Value:  # noqa: N802
        """Return the default: the code is deployed from another environment than this process has."""
        return arguments[1]

    # Resources

    def resources(self) -> Iterator[Resource]:
        """Yield the resources of API Management, those of modules included."""
        for declared in self.declarations:
            yield from self._resources_of(declared)
            if declared.kind == "module":
                for _, child in self.children(declared):
                    yield from child.resources()

    def _resources_of(self, declared: Declaration, *, left_out: bool = False) -> Iterator[Resource]:
        if declared.kind == "resource" and not declared.existing:
            reference = ResourceReference(self, declared)
            kinds = reference.kinds
            if kinds is not None:
                for item in reference.instances(left_out=left_out):
                    yield item.resource(kinds)
        for inner in nested_in(declared):
            yield from self._resources_of(inner, left_out=left_out)

    def left_out(self) -> Iterator[Resource]:
        """Yield the resources that aren't deployed with these values, and may be with others."""
        for declared in self.declarations:
            yield from self._resources_of(declared, left_out=True)
            if declared.kind == "module":
                for _, child in self.children(declared):
                    yield from child.left_out()
                for _, child in self._deployments(declared, left_out=True):
                    yield from (*child.resources(), *child.left_out())

    def left_out_instances(
        self, node: nodes.CodeNode | None, scope: Scope
    ) -> list[tuple[Value, nodes.CodeNode, Scope, str]]:
        """Return those instances that other values would deploy."""
        if isinstance(node, nodes.If):
            is_left_out = not self.instances(node, scope)
            return [(None, node.value, scope, hole_of(node.test, self.source))] if is_left_out else []
        if not isinstance(node, nodes.For):
            return []
        pairs = self.pairs(self.value(node.items, self.source, scope))
        if pairs == [] and (self.assumed_at is None or _has_nothing([*self.given.values()])):
            return self._of_unknown(node, scope, hole_of(node.items, self.source))
        if pairs is None:
            return []
        of_all = self.pairs(self.with_all_items(node.items, self.source, scope)) or []
        text = hole_of(node.items, self.source)
        values = [item for _, item in pairs]
        others: list[tuple[Value, nodes.CodeNode, Scope, str]] = [
            (None, node.value, {**scope, **self.bound(node.names, key, item)}, text)
            for key, item in of_all[:MOST_INSTANCES]
            if item not in values
        ]
        if node.test is None:
            return others
        test, text = node.test, hole_of(node.test, self.source)
        scopes = [{**scope, **self.bound(node.names, *pair)} for pair in pairs[:MOST_INSTANCES]]
        return others + [(None, node.value, inner, text) for inner in scopes if self._doubt(test, inner) is None]

    def _of_unknown(self, node: nodes.For, scope: Scope, where: str) -> list[tuple[Value, nodes.CodeNode, Scope, str]]:
        """Return one instance for all, named after the collection: resources of loops over it belong together."""
        item = f"{where}[*]" if PATH.fullmatch(where) else f"item of {where}"
        names = self.bound(node.names, Unknown(f"index of {where}"), Unknown(item))
        return [(None, node.value, {**scope, **names}, where)]

    def instances(self, node: nodes.CodeNode | None, scope: Scope) -> list[tuple[Value, nodes.CodeNode, Scope, str]]:
        """Return index, body, variables and the unknown condition, for each instance of a resource or module."""
        if isinstance(node, nodes.For):
            value = self.value(node.items, self.source, scope)
            items = self.pairs(value)
            if items is None:
                where = value.text if isinstance(value, Unknown) else hole_of(node.items, self.source)
                return self._of_unknown(node, scope, where)
            found: list[tuple[Value, nodes.CodeNode, Scope, str]] = []
            for key, each in items[:MOST_INSTANCES]:
                if not self.budget.takes_instances(1):
                    break
                inner = {**scope, **self.bound(node.names, key, each)}
                doubt = "" if node.test is None else self._doubt(node.test, inner)
                if doubt is not None:
                    found.append((key, node.value, inner, doubt))
            return found
        if isinstance(node, nodes.If):
            doubt = self._doubt(node.test, scope)
            return [] if doubt is None else [(None, node.value, scope, doubt)]
        return [] if node is None else [(None, node, scope, "")]

    def _doubt(self, test: nodes.CodeNode, scope: Scope) -> str | None:
        """Return the expression of a condition that isn't known; empty if it is true, and None if it is false."""
        value = self.value(test, self.source, scope)
        truth = self.truth(value)
        if truth is None:
            return value.text if isinstance(value, Unknown) else hole_of(test, self.source)
        return "" if truth else None

    def children(self, declared: Declaration) -> list[tuple[Value, Deployment]]:
        """Return the files that a module declaration deploys, by index."""
        key = (declared.name, declared.start)
        if key not in self._children:
            self._children[key] = []
            self._children[key] = list(self._deployments(declared))
        return self._children[key]

    def _deployments(self, declared: Declaration, *, left_out: bool = False) -> Iterator[tuple[Value, Deployment]]:
        path = None if declared.type is None else self.value(declared.type, self.source, {})
        instances = self.left_out_instances if left_out else self.instances
        for index, body, scope, doubt in instances(declared.value, {}):
            parameters = {}
            if isinstance(body, nodes.Object):
                given = entry_of(body, "params")
                found = {} if given is None else self.value(given, self.source, scope)
                parameters = found if isinstance(found, dict) else {}
            shown = declared.name if index is None else f"{declared.name}[{index}]"
            place = f"{self.place}.{shown}" if self.place else shown
            child = self._deployment(declared, path, parameters, place)
            if child is None:
                return
            child.doubts = self.doubts | {doubt} - {""}
            yield index, child

    def _deployment(
        self, declared: Declaration, path: Value, given: Mapping[str, Value], place: str
    ) -> Deployment | None:
        local = self.files.module_folder(path) if isinstance(path, str) and is_known(path) else None
        if local is not None:
            path = os.path.relpath(local, self.folder)
        is_file = isinstance(path, str) and path.endswith((".bicep", ".json")) and ":" not in path
        code = stand_in_for(path) if not is_file and isinstance(path, str) else None
        if code is not None:
            message = f"the module '{declared.name}' isn't read: what it usually makes of its parameters is assumed"
            self.notes.append(Note(message, self.source, declared.start, hides=True, is_assumed=True))
            stand_in = (self.source, declared.start, code)
            return BicepTemplate(self.files, self.source.path, self.budget, given, self.level + 1, place, stand_in)
        if not is_file:
            text = path.text if isinstance(path, Unknown) else path
            module = f"{declared.name} ({text})"
            note = Note("", self.source, declared.start, module=module, hides=True, texts=texts_in(given.values()))
            self.notes.append(note)
            return None
        full = os.path.join(self.folder, path)
        try:
            if self.level >= MOST_LEVELS:
                raise LookupError
            if path.endswith(".bicep"):
                return BicepTemplate(self.files, full, self.budget, given, self.level + 1, place)
            from apimpolicy.project.infrastructure.arm.template import JsonTemplate

            return JsonTemplate.of_file(self.files, full, self.budget, given, self.level + 1, place)
        except LookupError:
            message = f"the module '{declared.name}' can't be read: {path}: {self.files.reason(full)}"
            note = Note(message, self.source, declared.start, hides=True, texts=texts_in(given.values()))
            self.notes.append(note)
            return None

    def output(self, name: str) -> Value:
        """Return the value of an output. Raises LookupError."""
        for declared in self.declarations:
            if declared.kind == "output" and declared.name == name and declared.value is not None:
                return self.value(declared.value, self.source, {})
        raise LookupError(name)

    def all_notes(self) -> Iterator[Note]:
        yield from self.notes
        for children in self._children.values():
            for _, child in children[:1]:
                yield from child.all_notes()


def _has_nothing(value: Value) -> bool:
    """Return whether an empty list or null is written in a value: other parameters may put something there."""
    if value is None or value == []:
        return True
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_has_nothing, inside))


def _at_path(value: Value, path: list[Value]) -> Value:
    """Return the value at a JSON path such as `.a.b`."""
    if not path or not str(path[0]).startswith((".", "$")):
        return value
    for name in str(path[0]).lstrip("$.").split("."):
        value = value[name]
    return value


def without_comments(text: str) -> str:
    """Return JSON text without the comments that Bicep and ARM allow, of the same length."""
    if "//" not in text and "/*" not in text:
        return text
    pattern = re.compile(r'"(?:[^"\\\n]++|\\.)*+"|//[^\n]*|/\*.*?\*/', re.DOTALL)
    return pattern.sub(lambda found: found[0] if found[0].startswith('"') else " " * len(found[0]), text)
