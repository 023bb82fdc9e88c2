"""A module of Terraform with the values of its variables; it resolves the names in expressions.

Paths are those that Terraform would use: relative to the folder of the root module, from which it runs.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar

from apimpolicy.project.infrastructure import nodes
from apimpolicy.project.infrastructure.evaluation import Budget, CodeEvaluator, Scope
from apimpolicy.project.infrastructure.resources import Note, texts_in
from apimpolicy.project.infrastructure.terraform.functions import FUNCTIONS, completed
from apimpolicy.project.infrastructure.terraform.instances import (
    Children,
    Instance,
    Instances,
    further_instances,
    unknown_instance,
)
from apimpolicy.project.infrastructure.terraform.known_modules import stand_in_for
from apimpolicy.project.infrastructure.terraform.parser import Block, parse_template, read_file
from apimpolicy.project.infrastructure.terraform.templates import as_template
from apimpolicy.project.infrastructure.terraform.texts import to_text
from apimpolicy.project.infrastructure.values import (
    Missing,
    Named,
    NameResolver,
    Part,
    SourcedText,
    Unknown,
    Value,
    cut,
    is_known,
    joined,
)
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.files import Files
    from apimpolicy.project.infrastructure.parsing import SyntaxProblem

FILES = (".tf", ".tofu", ".tf.json", ".tofu.json")
MOST_LEVELS = 12
MOST_TEMPLATES = 10


def is_override(name: str) -> bool:
    """Return whether a file changes blocks of other files: `override.tf`, `prod_override.tf`."""
    return name.removesuffix(".json").rpartition(".")[0].rpartition("_")[2] == "override"


def _try(module: CodeEvaluator, node: nodes.FunctionCall, source: Source, scope: Scope) -> Value:
    for each in node.arguments:
        value = module.value(each, source, scope)
        if not isinstance(value, Unknown):
            return value
        if not isinstance(value, Missing):
            break
    raise LookupError


def _can(module: CodeEvaluator, node: nodes.FunctionCall, source: Source, scope: Scope) -> Value:
    value = module.value(node.arguments[0], source, scope)
    if isinstance(value, Unknown) and not isinstance(value, Missing):
        raise LookupError
    return not isinstance(value, Missing)


class Module(CodeEvaluator):
    """One module, called once."""

    FUNCTIONS = FUNCTIONS
    LAZY: ClassVar[Mapping[str, Callable[..., Value]]] = {
        "can": _can,
        "defaults": lambda module, node, source, scope: module.value(node.arguments[0], source, scope),
        "try": _try,
    }
    unwraps = True

    def __init__(
        self,
        files: Files,
        folder: str,
        budget: Budget,
        inputs: Mapping[str, Value] | None = None,
        parent: Module | None = None,
        address: str = "",
    ) -> None:
        super().__init__(budget, address)
        self.files = files
        self.folder = folder
        self.inputs = dict(inputs or {})
        self.parent = parent
        self.root: Module = self if parent is None else parent.root
        self.level: int = 0 if parent is None else parent.level + 1
        self.problems: list[tuple[Source, SyntaxProblem]] = []
        self.missing: list[tuple[Note, Block]] = []
        """Calls of modules that can't be read."""
        self._unread: list[Note] = []
        """Their notes, as far as they are made."""
        self.modules_file: dict[str, str] = {}
        """Folders of downloaded modules, by address; the root module has it."""
        self._templates = 0
        self.code = ""
        self.assumed_at: Block | None = None if parent is None else parent.assumed_at
        """The call of a module that isn't read, if this one is a stand-in for it."""

    @cached_property
    def blocks(self) -> dict[str, dict[tuple[str, ...], Block]]:
        """Blocks of the module's files by type and labels; override files are merged into them."""
        found: dict[str, dict[tuple[str, ...], Block]] = {}
        names = sorted(self.files.names(self.folder, FILES), key=is_override)
        for source in self.files.readable(self.folder, names):
            body = read_file(source)
            self.problems += [(source, problem) for problem in body.problems]
            for block in body.blocks:
                labels = (*block.labels, str(len(found.get("locals", ())))) if block.type == "locals" else block.labels
                known = found.setdefault(block.type, {}).setdefault(labels, block)
                if known is not block and is_override(os.path.basename(source.path)):
                    known.body.override(block.body)
        return found

    @cached_property
    def locals(self) -> dict[str, tuple[nodes.CodeNode, Source]]:
        return {
            name: (attribute.value, attribute.source)
            for block in self.blocks.get("locals", {}).values()
            for name, attribute in block.body.attributes.items()
        }

    def text(self, value: Value) -> str:
        if isinstance(value, NameResolver) or value is None:
            raise TypeError
        return to_text(value)

    def flushed(self, text: SourcedText) -> Value:
        lines = str(text).split("\n")
        indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
        least = min(indents, default=0)
        found: list[str] = []
        position = 0
        for line in lines:
            blank = min(least, len(line) - len(line.lstrip(" \t")))
            end = position + len(line) + 1
            found.append(cut(text, position + blank, end))
            position = end
        return joined(found)

    def key(self, node: nodes.CodeNode, source: Source, scope: Scope) -> str:
        return node.name if isinstance(node, nodes.Name) else super().key(node, source, scope)

    def pairs(self, value: Value) -> list[tuple[Value, Value]] | None:
        if isinstance(value, dict):
            return sorted(value.items())
        return super().pairs(value)

    def call(self, node: nodes.FunctionCall, source: Source, scope: Scope) -> Value:
        special: Callable[..., Value] | None = getattr(self, f"function_{node.name}", None)
        if special is None:
            return super().call(node, source, scope)
        return special(source, *(self.value(each, source, scope) for each in node.arguments))

    # Names

    def name(self, name: str, scope: Scope) -> Value:
        if name == "path":
            return {"module": self.path, "root": ".", "cwd": self.root.folder}
        found = self._names.get(name)
        if found is None:
            raise LookupError(name)
        return found

    @cached_property
    def _names(self) -> dict[str, Named]:
        """Return the values of names, also of resource types."""
        types = {labels[0] for labels in self.blocks.get("resource", {}) if labels}
        resources = {type_: Named(partial(self.instances, "resource", type_)) for type_ in types}
        return resources | {
            "var": Named(self.variable_value),
            "local": Named(self.local_value),
            "module": Named(self.child),
            "data": Named(lambda type_: Named(partial(self.instances, "data", type_))),
        }

    @property
    def path(self) -> str:
        """Folder of the module, relative to that of the root module."""
        return os.path.relpath(self.folder, self.root.folder)

    doubts: frozenset[str] = frozenset()
    """The expressions that aren't known, on which depends whether, or how often, the module is called."""

    def variable_value(self, name: str) -> Value:
        return self.once(f"var.{name}", lambda: self._variable(name))

    def _variable(self, name: str) -> Value:
        block = self.blocks.get("variable", {}).get((name,))
        attributes = {} if block is None else block.body.attributes
        given = self.inputs.get(name)
        nullable = attributes.get("nullable")
        takes_null = nullable is None or self.value(nullable.value, nullable.source, {}) is not False
        if name not in self.inputs or (given is None and not takes_null):
            if "default" not in attributes:
                raise LookupError(name)
            given = self.value(attributes["default"].value, attributes["default"].source, {})
        type_ = attributes.get("type")
        return given if type_ is None else completed(given, type_.value, self, type_.source)

    def local_value(self, name: str) -> Value:
        def evaluate() -> Value:
            node, source = self.locals[name]
            return self.value(node, source, {})

        return self.once(f"local.{name}", evaluate)

    def instances(self, kind: str, type_: str, label: str) -> Instances:
        """Return the instances of a resource or of a data source. Raises LookupError when there is none."""
        made = Instances(self, self.blocks.get(kind, {})[type_, label])
        found: Instances = self._found.setdefault(f"{kind}.{type_}.{label}", made)
        return found

    # Modules

    def child(self, name: str) -> Children:
        """Return the calls of a module. Raises LookupError when there is none."""
        made = Children(self, self.blocks.get("module", {})[(name,)])
        found: Children = self._found.setdefault(f"module.{name}", made)
        return found

    def children(self) -> Iterator[Module]:
        for labels in self.blocks.get("module", {}):
            if len(labels) == 1:
                yield from (module for _, module in self.child(labels[0]).modules)

    def resources(self) -> Iterator[Instance]:
        """Yield the instances of all resources, those of called modules included."""
        for labels in self.blocks.get("resource", {}):
            if len(labels) == 2:
                yield from self.instances("resource", *labels).all
        for module in self.children():
            yield from module.resources()

    def left_out(self) -> Iterator[Instance]:
        """Yield an instance of each resource that isn't deployed with these values, and may be with others."""
        for labels, block in self.blocks.get("resource", {}).items():
            if len(labels) != 2:
                continue
            if found := self.instances("resource", *labels).all:
                yield from further_instances(self, block, found)
            else:
                yield Instance(self, block, *unknown_instance(self, block))
        for labels in self.blocks.get("module", {}):
            if len(labels) == 1 and (other := self.child(labels[0]).left_out()) is not None:
                yield from (*other.resources(), *other.left_out())
        for module in self.children():
            yield from module.left_out()

    def unread(self) -> Iterator[Note]:
        """Yield the notes about calls of modules that can't be read, those of called modules included."""
        yield from self.own_unread()
        for module in self.children():
            yield from module.unread()

    def own_unread(self) -> list[Note]:
        """Return the notes about calls in this module that can't be read."""
        while len(self._unread) < len(self.missing):
            note, block = self.missing[len(self._unread)]
            if self.stand_in(block) is not None:
                self._unread.append(_assumed(note, block))
            else:
                texts = texts_in(Children(self, block).inputs({}).values())
                self._unread.append(note._replace(hides=True, texts=texts))
        return self._unread

    def folder_of(self, block: Block, name: str) -> str | None:
        """Return the folder of a called module, or None and note why it can't be read."""
        attribute = block.body.attributes.get("source")
        written = None if attribute is None else self.value(attribute.value, attribute.source, {})
        is_path = isinstance(written, str) and is_known(written) and written.startswith((".", "/"))
        address = ".".join(part for part in (re.sub(r"module\.|\[[^\]]*\]", "", self.place), name) if part)
        own = self.files.module_folder(written) if isinstance(written, str) and is_known(written) else None
        downloaded = self.root.modules_file.get(address) if own is None else os.path.relpath(own, self.root.folder)
        where = (self.folder, str(written)) if is_path else (self.root.folder, str(downloaded))
        if is_path or downloaded is not None:
            with contextlib.suppress(LookupError):
                folder = self.files.path(*where)
                if self.level < MOST_LEVELS and self.files.names(folder, FILES):
                    return folder
        if is_path:
            message = f"the module '{name}' can't be read: {where[1]}: {self.files.reason(*where)}"
            note = Note(message, block.source, block.start, "Name a folder above both modules.")
        else:
            text = written.text if isinstance(written, Unknown) else written
            note = Note("", block.source, block.start, module=f"{name} ({text})")
        self.missing.append((note, block))
        return None

    def stand_in(self, block: Block) -> str | None:
        """Return the code in the place of a called module that can't be read, if it is known what that does."""
        attribute = block.body.attributes.get("source")
        written = None if attribute is None else self.value(attribute.value, attribute.source, {})
        return stand_in_for(written) if isinstance(written, str) and self.level < MOST_LEVELS else None

    def assumed(self, block: Block, inputs: Mapping[str, Value], address: str) -> Module:
        """Return the stand-in for a called module."""
        module = AssumedModule(self.files, self.folder, self.budget, inputs, self, address)
        module.code, module.assumed_at = self.stand_in(block) or "", block
        return module

    # Functions that read files

    def function_file(self, source: Source, path: Value) -> Value:
        text = SourcedText.file(self.file(path))
        self.budget.charge(text)
        return text

    def file(self, path: Value) -> Source:
        """Return a file. Raises LookupError when it can't be read."""
        return self.files.source(self.files.named(self.root.folder, _path(path)))

    def function_fileexists(self, source: Source, path: Value) -> Value:
        return self.files.exists(self.root.folder, _path(path))

    def function_filebase64(self, source: Source, path: Value) -> Value:
        return base64.b64encode(self.files.data(self.files.named(self.root.folder, _path(path)))).decode()

    def function_fileset(self, source: Source, folder: Value, pattern: Value) -> Value:
        return self.files.matching(os.path.join(self.root.folder, _path(folder)), _path(pattern))

    def function_templatefile(self, source: Source, path: Value, values: Value) -> Value:
        return self.rendered(self.file(path), values)

    def function_templatestring(self, source: Source, text: Value, values: Value) -> Value:
        return self.rendered(as_template(text, source.path), values)

    def function_abspath(self, source: Source, path: Value) -> Value:
        return os.path.normpath(os.path.join(self.root.folder, _path(path)))

    def rendered(self, template: Source, values: Value) -> Value:
        """Return a template file rendered with values for its names."""
        if not isinstance(values, dict):
            values = {}
        if self._templates >= MOST_TEMPLATES:
            raise LookupError
        self._templates += 1
        try:
            made: list[Part] = []
            self.budget.charge(template.text)
            _Template(self, values).add_parts(made, parse_template(template).parts, template, {})
            return SourcedText.of(made)
        finally:
            self._templates -= 1


def _assumed(note: Note, block: Block) -> Note:
    """Return the note about a module that isn't read, and for which there is a stand-in."""
    message = f"the module '{block.labels[0]}' isn't read: what it usually makes of its arguments is assumed"
    return note._replace(message=message, module="", hides=True, is_assumed=True)


class AssumedModule(Module):
    """A module that isn't read, with `code` that does what it is known to do."""

    @cached_property
    def blocks(self) -> dict[str, dict[tuple[str, ...], Block]]:
        found: dict[str, dict[tuple[str, ...], Block]] = {}
        for block in read_file(Source(self.code, self.folder)).blocks:
            found.setdefault(block.type, {})[block.labels] = block
        return found

    def left_out(self) -> Iterator[Instance]:
        return iter(())


class _Template(Module):
    """Evaluates a template file, in which only the names that it is given are known."""

    def __init__(self, module: Module, values: Mapping[str, Value]) -> None:
        super().__init__(module.files, module.folder, module.budget, None, module, module.place)
        self.values = values

    def name(self, name: str, scope: Scope) -> Value:
        return self.values[name]


def _path(value: Value) -> str:
    if not isinstance(value, str) or not is_known(value):
        raise LookupError(value)
    return value
