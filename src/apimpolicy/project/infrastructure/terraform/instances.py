"""Instances of resources: `count` and `for_each`, attributes, nested blocks and `dynamic` ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from apimpolicy.project.infrastructure.evaluation import PATH
from apimpolicy.project.infrastructure.values import Named, NameResolver, Unknown, Value, is_known, whole

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.terraform.module import Module
    from apimpolicy.project.infrastructure.terraform.parser import Block, Body
    from apimpolicy.text.source import Source

MOST_INSTANCES = 5_000
_CONDITIONAL = re.compile(r"\?|\bif\b|\blocal\b")
"""What an expression needs for its items to depend on a condition."""


def instances_of(module: Module, block: Block) -> list[tuple[Value, dict[str, Value], str]]:
    """Return key, variables and the unknown condition, for each instance of a block with `count` or `for_each`.

    Where these aren't known, there is one instance for all. Its key is that of the collection, so that resources with
    the same `for_each` belong together.
    """
    attributes = block.body.attributes
    if (count := attributes.get("count")) is not None:
        number = whole(module.value(count.value, count.source, {}))
        if isinstance(number, str) and number.isdigit():
            number = int(number)
        if isinstance(number, bool) or not isinstance(number, int):
            return [unknown_instance(module, block, number)]
        number = min(number, MOST_INSTANCES)
        if not module.budget.takes_instances(number):
            return [unknown_instance(module, block)]
        return [(index, {"count": {"index": index}}, "") for index in range(number)]
    if (each := attributes.get("for_each")) is not None:
        referred = module.reference(each.value, each.source, {})
        if isinstance(referred, Instances) and len(referred.all) == 1 and referred.all[0].doubt:
            one = referred.all[0]
            return [(one.key, {"each": {"key": one.key, "value": one}}, one.doubt)]
        value = module.value(each.value, each.source, {})
        pairs = module.pairs(value)
        if pairs is None or len(pairs) > MOST_INSTANCES or not module.budget.takes_instances(len(pairs)):
            return [unknown_instance(module, block, value)]
        keys = [(each if isinstance(value, list) else key, each) for key, each in pairs]
        return [(key, {"each": {"key": key, "value": each}}, "") for key, each in keys]
    return [(None, {}, "")]


def unknown_instance(module: Module, block: Block, value: Value = None) -> tuple[Value, dict[str, Value], str]:
    """Return the instance in place of an unknown number of them; `value` is that of `count` or `for_each`."""
    attributes = block.body.attributes
    is_count = "count" in attributes
    attribute = attributes.get("count" if is_count else "for_each")
    if attribute is None:
        return None, {}, ""
    where = (value if isinstance(value, Unknown) else module.unknown(attribute.value, attribute.source, {})).text
    if is_count:
        return 0, {"count": {"index": 0}}, where
    key = Unknown(f"each.key of {where}")
    value = f"{where}[each.key]" if PATH.fullmatch(where) else f"each.value of {where}"
    return key, {"each": {"key": key, "value": Unknown(value)}}, where


class Instance(NameResolver):
    """One instance of a resource."""

    def __init__(self, module: Module, block: Block, key: Value, scope: Mapping[str, Value], doubt: str) -> None:
        self.module = module
        self.block = block
        self.key = key
        self.scope = scope
        self.doubt = doubt
        """The expression of the number of instances if that isn't known."""
        self._found: dict[str, Value] = {}

    @property
    def type(self) -> str:
        return self.block.labels[0]

    @property
    def address(self) -> str:
        return ".".join(part for part in (self.module.place, *self.block.labels) if part) + key_of(self.key)

    def has(self, name: str) -> bool:
        return name in self.block.body.attributes or any(
            block.type == name or (block.type == "dynamic" and block.labels == (name,))
            for block in self.block.body.blocks
        )

    def get(self, name: str) -> Value:
        """Return the value of an attribute, or the list of the blocks of a name; None if there is none."""
        if name not in self._found:
            self._found[name] = Unknown(f"{self.address}.{name}")
            self._found[name] = self._evaluated(name)
        return self._found[name]

    def _evaluated(self, name: str) -> Value:
        attribute = self.block.body.attributes.get(name)
        if attribute is not None:
            return self.module.value(attribute.value, attribute.source, self.scope)
        return self.blocks(name) if self.has(name) else None

    def blocks(self, name: str) -> Value:
        return nested_blocks(self.module, self.block.body, name, self.scope)

    def place(self, name: str) -> tuple[Source, int]:
        """Return where an attribute is written, or else the resource."""
        attribute = self.block.body.attributes.get(name)
        return (self.block.source, self.block.start) if attribute is None else (attribute.source, attribute.start)

    def member(self, name: str) -> Value:
        if self.has(name):
            return self.get(name)
        from apimpolicy.project.infrastructure.terraform.azurerm import computed

        return computed(self, name)

    def value(self) -> Value:
        return self


def further_instances(module: Module, block: Block, found: Sequence[Instance]) -> Iterator[Instance]:
    """Yield the instances that a block has besides those that were found where conditions turn out differently."""
    attribute = block.body.attributes.get("for_each") or block.body.attributes.get("count")
    if attribute is None or any(each.doubt for each in found):
        return
    text = attribute.source.text[attribute.value.start : attribute.value.end]
    if _CONDITIONAL.search(text) is None:
        return
    value = whole(module.with_all_items(attribute.value, attribute.source, {}))
    where = " ".join(text.split())
    if isinstance(value, int) and not isinstance(value, bool):
        numbers = range(len(found), min(value, MOST_INSTANCES))
        yield from (Instance(module, block, index, {"count": {"index": index}}, where) for index in numbers)
        return
    keys = {str(each.key) for each in found}
    for key, each in (module.pairs(value) or ())[:MOST_INSTANCES]:
        key = each if isinstance(value, list) else key
        if is_known(key) and str(key) not in keys and module.budget.takes_instances(1):
            yield Instance(module, block, key, {"each": {"key": key, "value": each}}, where)


class Instances(NameResolver):
    """The instances of a resource or data source: one, or several by key."""

    def __init__(self, module: Module, block: Block) -> None:
        self.module = module
        self.block = block

    @cached_property
    def all(self) -> list[Instance]:
        return [Instance(self.module, self.block, *each) for each in instances_of(self.module, self.block)]

    def member(self, name: str) -> Value:
        found = self.all
        if len(found) == 1 and found[0].key is None:
            return found[0].member(name)
        raise LookupError(name)

    def item(self, key: Value) -> Value:
        for instance in self.all:
            if instance.key == key or (instance.key is not None and str(instance.key) == str(key)):
                return instance
        raise LookupError(key)

    def value(self) -> Value:
        if len(self.all) == 1 and self.all[0].key is None:
            return self.all[0]
        if any(not isinstance(instance.key, str) for instance in self.all):
            return self.elements()
        return {instance.key: instance for instance in self.all}

    def elements(self) -> list[Value]:
        if any(instance.doubt for instance in self.all):
            raise LookupError
        return list(self.all)


def key_of(key: Value) -> str:
    """Return the key of an instance as addresses have it: `["a"]`, `[0]`, `[each.key]`, or nothing."""
    if key is None:
        return ""
    return "[each.key]" if isinstance(key, Unknown) else f"[{key}]" if isinstance(key, int) else f'["{key}"]'


def body_value(module: Module, body: Body, scope: Mapping[str, Value]) -> dict[str, Value]:
    """Return a body as an object: its attributes, and lists of its blocks."""
    found = {name: module.value(each.value, each.source, scope) for name, each in body.attributes.items()}
    names = {block.labels[0] if block.type == "dynamic" and block.labels else block.type for block in body.blocks}
    return found | {name: nested_blocks(module, body, name, scope) for name in sorted(names)}


def nested_blocks(module: Module, body: Body, name: str, scope: Mapping[str, Value]) -> Value:
    """Return the blocks of a name, `dynamic` ones included, as objects; unknown if their number is."""
    blocks: list[Value] = []
    for block in body.blocks:
        source = block.source
        if block.type == name:
            blocks.append(body_value(module, block.body, scope))
        elif block.type == "dynamic" and block.labels == (name,):
            inner = block.body
            if "for_each" not in inner.attributes:
                continue
            items = module.pairs(module.value(inner.attributes["for_each"].value, source, scope))
            if items is None:
                written = " ".join(source.text[block.inside : block.stop].split())
                return Unknown(f"dynamic {name} with {written}")
            iterator = inner.attributes.get("iterator")
            variable = name if iterator is None else source.text[iterator.value.start : iterator.value.end]
            for content in (nested for nested in inner.blocks if nested.type == "content"):
                for key, value in items[:MOST_INSTANCES]:
                    around = {**scope, variable: {"key": key, "value": value}}
                    blocks.append(body_value(module, content.body, around))
    return blocks


# Calls of modules in Terraform: the modules with their inputs, and their outputs.

_OF_CALLS = frozenset(("source", "version", "providers", "for_each", "count", "depends_on"))
"""Attributes of a call that aren't inputs."""


class Children(NameResolver):
    """The calls of a module: one, or several by key."""

    def __init__(self, caller: Module, block: Block) -> None:
        self.caller = caller
        self.block = block

    @cached_property
    def folder(self) -> str | None:
        """The folder of the called module; None if it can't be read."""
        return self.caller.folder_of(self.block, self.block.labels[0])

    @cached_property
    def modules(self) -> list[tuple[Value, Module]]:
        folder = self.folder
        if folder is None and self.caller.stand_in(self.block) is None:
            return []
        found: list[tuple[Value, Module]] = []
        for instance in instances_of(self.caller, self.block):
            if not self.caller.budget.takes_instances(1):
                break
            found.append(self._called(folder, *instance))
        return found

    def left_out(self) -> Module | None:
        """Return the module as other values would call it, if these don't; None if it is called, or can't be read."""
        if self.modules or self.caller.budget.is_spent:
            return None
        if self.folder is None:
            return None
        return self._called(self.folder, *unknown_instance(self.caller, self.block))[1]

    def inputs(self, scope: Mapping[str, Value]) -> dict[str, Value]:
        return {
            attribute.name: self.caller.value(attribute.value, attribute.source, scope)
            for attribute in self.block.body.attributes.values()
            if attribute.name not in _OF_CALLS
        }

    def _called(self, folder: str | None, key: Value, scope: Mapping[str, Value], doubt: str) -> tuple[Value, Module]:
        address = f"module.{self.block.labels[0]}{key_of(key)}"
        address = ".".join(part for part in (self.caller.place, address) if part)
        caller = self.caller
        if folder is None:
            module = caller.assumed(self.block, self.inputs(scope), address)
        else:
            made = type(caller) if caller.assumed_at is None else type(caller.root)
            module = made(caller.files, folder, caller.budget, self.inputs(scope), caller, address)
        module.doubts = caller.doubts | {doubt} - {""}
        return key, module

    def member(self, name: str) -> Value:
        keyed = self.modules
        if len(keyed) != 1 or keyed[0][0] is not None:
            raise LookupError(name)
        return output_of(keyed[0][1], name)

    def item(self, key: Value) -> Value:
        for known, module in self.modules:
            if known == key:
                return Named(partial(output_of, module))
        raise LookupError(key)

    def elements(self) -> list[Value]:
        return [Named(partial(output_of, module)) for _, module in self.modules]


def output_of(module: Module, name: str) -> Value:
    """Return the value of a module's output. Raises LookupError when there is none."""
    block = module.blocks.get("output", {})[(name,)]
    return module.value(block.body.attributes["value"].value, block.source, {})
