"""Calls of modules in Terraform: the modules with their inputs, and their outputs."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from apimpolicy.infrastructure.terraform.instances import instances_of, key_of
from apimpolicy.infrastructure.values import Named, Reference, Value

if TYPE_CHECKING:
    from apimpolicy.infrastructure.terraform.module import Module
    from apimpolicy.infrastructure.terraform.parser import Block

_OF_CALLS = frozenset(("source", "version", "providers", "for_each", "count", "depends_on"))
"""Attributes of a call that aren't inputs."""


class Children(Reference):
    """The calls of a module: one, or several by key."""

    def __init__(self, caller: Module, block: Block) -> None:
        self.caller = caller
        self.block = block

    @cached_property
    def modules(self) -> list[tuple[Value, Module]]:
        name = self.block.labels[0]
        folder = self.caller.folder_of(self.block, name)
        if folder is None:
            return []
        found: list[tuple[Value, Module]] = []
        for key, scope, _ in instances_of(self.caller, self.block):
            if not self.caller.budget.takes_instances(1):
                break
            inputs = {
                attribute.name: self.caller.value(attribute.value, attribute.source, scope)
                for attribute in self.block.body.attributes.values()
                if attribute.name not in _OF_CALLS
            }
            address = ".".join(part for part in (self.caller.place, f"module.{name}{key_of(key)}") if part)
            module = type(self.caller)(self.caller.files, folder, self.caller.budget, inputs, self.caller, address)
            found.append((key, module))
        return found

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
