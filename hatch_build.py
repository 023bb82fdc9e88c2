"""Build hook: makes what is generated, for wheels and editable installs: the parser's tables of grammar/csharp.lark
(src/apimpolicy/csharp/syntax/_tables.bin), what policies and rules declare (src/apimpolicy/_declarations.bin), which
module implements which .NET types (src/apimpolicy/csharp/dotnet/_implementations.bin), the schemas of test files and of
output (src/apimpolicy/schemas), and how often examples use a name (src/apimpolicy/editor/_usage.json). None of them
needs more than the standard library and Lark.

An editable install gets byte code too, as pip makes it for a wheel: where Python is told not to write any, every start
would compile the sources again, and take three times as long.

The modules that do it are loaded from the source tree by path: the package itself is not installed yet.
"""

from __future__ import annotations

import compileall
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from types import ModuleType


GENERATED = [
    "src/apimpolicy/_declarations.bin",
    "src/apimpolicy/csharp/dotnet/_implementations.bin",
    "src/apimpolicy/editor/_usage.json",
    "src/apimpolicy/schemas/*.schema.json",
    "src/apimpolicy/csharp/syntax/_tables.bin",
]


class MakeGenerated(BuildHookInterface[Any]):
    """Runs before each target of a build, `pip install -e .` included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        syntax = root / "src" / "apimpolicy" / "csharp" / "syntax"
        builder = _module("tables", syntax)
        grammar = (root / "grammar" / "csharp.lark").read_bytes()
        builder.store(syntax / "_tables.bin", grammar, builder.build(grammar.decode()))
        _module("declarations", root / "src" / "apimpolicy").store()
        sys.path.insert(0, str(root / "src"))
        from apimpolicy.csharp.dotnet import implementations
        from apimpolicy.editor import usage
        from apimpolicy.report.outputs import json_schema
        from apimpolicy.testing import schema

        implementations.make()
        json_schema.store(schema.NAME, schema.schema())
        json_schema.store_all()
        usage.store()
        # Named here as well, since the files are git-ignored and an sdist has no git to ask.
        build_data["artifacts"] += GENERATED
        if version == "editable":
            compileall.compile_dir(root / "src" / "apimpolicy", quiet=2)


def _module(name: str, directory: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, directory / f"{name}.py")
    if spec is None or spec.loader is None:
        sys.exit(f"{directory / name}.py is missing")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
