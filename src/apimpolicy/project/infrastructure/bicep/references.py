"""Resources and modules of a Bicep file, as its expressions name them and as Resource Manager has them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from apimpolicy.project.infrastructure import nodes
from apimpolicy.project.infrastructure.evaluation import FAILURES, Scope
from apimpolicy.project.infrastructure.resources import PROVIDER, Resource, properties_of, segments
from apimpolicy.project.infrastructure.values import Named, NameResolver, Unknown, Value, hole, joined

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.bicep.parser import Declaration
    from apimpolicy.project.infrastructure.bicep.template import BicepTemplate
    from apimpolicy.text.source import Source


class ModuleReference(NameResolver):
    """A module declaration, or one of its instances."""

    def __init__(self, template: BicepTemplate, declared: Declaration, index: Value = None) -> None:
        self.template, self.declared, self.index = template, declared, index

    def item(self, key: Value) -> Value:
        return ModuleReference(self.template, self.declared, key)

    def member(self, name: str) -> Value:
        if name == "name":
            return self._name()
        if name != "outputs":
            raise LookupError(name)
        for index, child in self.template.children(self.declared):
            if self.index is None or index == self.index:
                return Named(child.output)
        raise LookupError(name)

    def _name(self) -> Value:
        for index, body, scope, _ in self.template.instances(self.declared.value, {}):
            if isinstance(body, nodes.Object) and self.index in (None, index):
                node = entry_of(body, "name")
                return self.declared.name if node is None else self.template.value(node, self.template.source, scope)
        raise LookupError("name")


class ResourceReference(NameResolver):
    """A resource declaration; `names` and `member` are those of its only instance, or of the one with the index."""

    def __init__(self, template: BicepTemplate, declared: Declaration, index: Value = None) -> None:
        self.template, self.declared, self.index = template, declared, index

    @property
    def parent(self) -> Declaration | None:
        """Resource in whose body this one is declared."""
        return self.template.parents.get(id(self.declared))

    @cached_property
    def full_type(self) -> str:
        """Type in lower case, after those of the resources around a nested one."""
        node, template = self.declared.type, self.template
        written = None if node is None else template.value(node, template.source, {})
        own = written.partition("@")[0].lower() if isinstance(written, str) else ""
        if self.parent is None:
            return own
        return f"{ResourceReference(template, self.parent).full_type}/{own}"

    @property
    def kinds(self) -> list[str] | None:
        """Kinds below the service; None for a resource of another provider."""
        if self.full_type != PROVIDER and not self.full_type.startswith(f"{PROVIDER}/"):
            return None
        return [each for each in self.full_type.removeprefix(PROVIDER).split("/") if each]

    def instances(self, *, left_out: bool = False) -> list[ResourceInstance]:
        instances = self.template.left_out_instances if left_out else self.template.instances
        return [
            ResourceInstance(self, index, body, scope, doubt)
            for index, body, scope, doubt in instances(self.declared.value, {})
            if isinstance(body, nodes.Object)
        ]

    def instance(self) -> ResourceInstance:
        """Return the instance with the index, or the only one. Raises LookupError when it isn't known."""
        found = self.instances()
        if self.index is None and len(found) == 1:
            return found[0]
        for each in found:
            if each.index == self.index or (each.doubt and len(found) == 1):
                return each
        raise LookupError(self.declared.name)

    def item(self, key: Value) -> Value:
        return ResourceReference(self.template, self.declared, key)

    def member(self, name: str) -> Value:
        return self.instance().member(name)


class ResourceInstance(NameResolver):
    def __init__(
        self, reference: ResourceReference, index: Value, body: nodes.Object, scope: Scope, doubt: str
    ) -> None:
        self.reference = reference
        self.template = reference.template
        self.index = index
        self.body = body
        self.scope = scope
        self.doubt = doubt

    def entry(self, name: str) -> Value:
        node = entry_of(self.body, name)
        return None if node is None else self.template.value(node, self.template.source, self.scope)

    @cached_property
    def names(self) -> list[Value]:
        """Segments of the name after those of its parents, the outermost first."""
        own = segments(self.entry("name"))
        if self.reference.parent is not None:
            return [*ResourceReference(self.template, self.reference.parent).instance().names, *own]
        node = entry_of(self.body, "parent")
        if node is None:
            return own
        parent = self.template.reference(node, self.template.source, self.scope)
        if isinstance(parent, ResourceReference):
            try:
                return [*parent.instance().names, *own]
            except FAILURES:
                parent = Unknown(hole_of(node, self.template.source))
        depth = len(self.reference.full_type.split("/")) - 1 - len(own)
        return [parent if isinstance(parent, Unknown) else Unknown(str(parent))] * depth + own

    def resource(self, kinds: Sequence[str]) -> Resource:
        """Return the resource as Resource Manager has it."""
        try:
            names = self.names
        except FAILURES:
            names = segments(self.entry("name"))
        missing = len(kinds) + 1 - len(names)
        names = [Unknown(f"name of {self.reference.declared.name}")] * missing + names
        properties = self.entry("properties")
        values = properties_of(properties)
        if not kinds:
            values |= {name: self.entry(name) for name in ("identity", "sku")}
        start = entry_start(self.body) if self.index is not None else self.reference.declared.start
        label = self.reference.declared.name + ("" if self.index is None else f"[{self.index}]")
        address = f"{self.template.place}.{label}" if self.template.place else label
        places = {
            str(key.value): (self.template.source, key.start)
            for key, _ in (*self.body.entries, *_properties(self.body))
            if isinstance(key, nodes.LiteralValue)
        }
        source, is_assumed = self.template.source, self.template.assumed_at is not None
        if self.template.assumed_at is not None:
            source, start = self.template.assumed_at
            places = {}
        inner, doubts = names[1:] if kinds else names[:0], self.template.doubts | {self.doubt} - {""}
        kind = "/".join(kinds)
        return Resource(kind, inner, values, source, start, address, doubts, places, False, names[0], is_assumed)

    def member(self, name: str) -> Value:
        template = self.template
        if name == "name":
            return self.entry("name")
        if name == "id":
            kinds = self.reference.full_type.split("/")[1:]
            pairs = zip(kinds, self.names, strict=True)
            return joined([text for kind, each in pairs for text in (f"/{kind}/", template.as_text(each))])
        if name == "properties":
            return Named(self.property)
        node = entry_of(self.body, name)
        if node is None:
            raise LookupError(name)
        return template.reference(node, template.source, self.scope)

    def property(self, name: str) -> Value:
        """Return a property, as far as it is written, or follows from others. Raises LookupError."""
        for key, value in _properties(self.body):
            if isinstance(key, nodes.LiteralValue) and key.value == name:
                return self.template.reference(value, self.template.source, self.scope)
        if name == "gatewayUrl" and self.reference.full_type == PROVIDER:
            service = self.names[-1]
            return joined(["https://", hole(service) if isinstance(service, Unknown) else service, ".azure-api.net"])
        raise LookupError(name)


def nested_in(declared: Declaration) -> Sequence[Declaration]:
    node = declared.value
    while isinstance(node, nodes.If | nodes.For):
        node = node.value
    return node.resources if isinstance(node, nodes.Object) else ()


def _properties(body: nodes.Object) -> Sequence[tuple[nodes.CodeNode | None, nodes.CodeNode]]:
    inner = entry_of(body, "properties")
    return inner.entries if isinstance(inner, nodes.Object) else ()


def entry_of(body: nodes.Object, name: str) -> nodes.CodeNode | None:
    for key, value in body.entries:
        if isinstance(key, nodes.LiteralValue) and key.value == name:
            return value
    return None


def entry_start(body: nodes.Object) -> int:
    """Return the offset of an object's name, or of the object."""
    node = entry_of(body, "name")
    return body.start if node is None else node.start


def hole_of(node: nodes.CodeNode, source: Source) -> str:
    """Return the text of an expression on one line."""
    return " ".join(source.text[node.start : node.end].split())[:200]
