"""Calls of modules in Terraform: the modules with their inputs, and their outputs."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from apimpolicy.infrastructure.terraform.instances import instances_of, key_of, unknown_instance
from apimpolicy.infrastructure.values import Named, Reference, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        folder = self.caller.folder_of(self.block, self.block.labels[0])
        if folder is None:
            return []
        found: list[tuple[Value, Module]] = []
        for instance in instances_of(self.caller, self.block):
            if not self.caller.budget.takes_instances(1):
                break
            found.append(self._called(folder, *instance))
        return found

    def left_out(self) -> Module | None:
        """Return the module as other values would call it, if these don't; None if it is called, or can't be read."""
        folder = None if self.modules else self.caller.folder_of(self.block, self.block.labels[0])
        if folder is None:
            return None
        return self._called(folder, *unknown_instance(self.caller, self.block))[1]

    def inputs(self, scope: Mapping[str, Value]) -> dict[str, Value]:
        """Return the values that the module is given."""
        return {
            attribute.name: self.caller.value(attribute.value, attribute.source, scope)
            for attribute in self.block.body.attributes.values()
            if attribute.name not in _OF_CALLS
        }

    def _called(self, folder: str, key: Value, scope: Mapping[str, Value], doubt: str) -> tuple[Value, Module]:
        address = f"module.{self.block.labels[0]}{key_of(key)}"
        address = ".".join(part for part in (self.caller.place, address) if part)
        caller = self.caller
        module = type(caller)(caller.files, folder, caller.budget, self.inputs(scope), caller, address)
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
