"""The process in which Z3 runs: it gets formulas as lists of nodes, and returns whether they have a model.

A message is a length in four bytes, and a list of commands as `marshal` writes them; commands with an answer end a
message. Each question has a Z3 context of its own. Run as a script; it imports nothing of apimpolicy.
"""

from __future__ import annotations

import marshal
import struct
import sys
from importlib import import_module
from typing import Any

MEMORY = 2 << 30
"""Bytes of address space; Z3 itself gives up at `MEGABYTES`."""
MEGABYTES = 800


class Question:
    """The formulas of one question."""

    def __init__(self, z3: Any) -> None:
        self.z3 = z3
        self.context = z3.Context()
        self.solver = z3.SimpleSolver(ctx=self.context)  # the portfolio of the other one takes a tenth of a second
        self.solver.set("max_memory", MEGABYTES)
        self.solver.set("random_seed", 0)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.is_broken = False
        """True if an assertion could not be added: the answer is unknown then."""

    def node(self, kind: str, *parts: Any) -> None:
        """Add a node; its parts are the indexes of others, or its own value."""
        self.nodes.append(self._made(kind, parts))

    def _made(self, kind: str, parts: tuple[Any, ...]) -> Any:
        z3, context, nodes = self.z3, self.context, self.nodes
        match kind:
            case "truth":
                return z3.BoolVal(parts[0], context)
            case "number":
                return z3.IntVal(parts[0], context)
            case "bool" | "int":
                sort = z3.Bool if kind == "bool" else z3.Int
                self.constants.append(sort(f"{len(nodes)}", context))
                return self.constants[-1]
            case "not":
                return z3.Not(nodes[parts[0]])
            case "all":
                return z3.And([nodes[part] for part in parts])
            case "any":
                return z3.Or([nodes[part] for part in parts])
            case "equal":
                return nodes[parts[0]] == nodes[parts[1]]
            case "at-most":
                return nodes[parts[0]] <= nodes[parts[1]]
            case "sum":
                return nodes[parts[0]] + nodes[parts[1]]
            case "scaled":
                return parts[0] * nodes[parts[1]]
            case "choice":
                return z3.If(*(nodes[part] for part in parts))
            case "quotient":
                return nodes[parts[0]] / parts[1]
            case "remainder":
                return nodes[parts[0]] % parts[1]
        raise ValueError(kind)

    def add(self, index: int) -> None:
        self.solver.add(self.nodes[index])

    def check(self, assumptions: list[int], work: int) -> tuple[str, list[int], list[Any]]:
        """Return "unsat" with the assumptions that it depends on, "sat" with the values of constants, or "unknown"."""
        if self.is_broken:
            return "unknown", [], []
        self.solver.set("rlimit", work)
        found = self.solver.check(*(self.nodes[each] for each in assumptions))
        if found == self.z3.unsat:
            return "unsat", [int(str(each)) for each in self.solver.unsat_core()], []
        if found != self.z3.sat:
            return "unknown", [], []
        model = self.solver.model()
        return "sat", [], [self._value(model.eval(each)) for each in self.constants]

    def _value(self, value: Any) -> bool | int | None:
        if self.z3.is_true(value) or self.z3.is_false(value):
            return bool(self.z3.is_true(value))
        return int(value.as_long()) if self.z3.is_int_value(value) else None


def limit_memory() -> None:
    """Bound the memory of this process; where the system cannot do that, Z3's own bound remains."""
    try:
        import resource
    except ImportError:
        return
    for what, bound in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(what, (bound, bound))
        except (OSError, ValueError):
            continue


def main() -> None:
    limit_memory()
    reading, writing = sys.stdin.buffer, sys.stdout.buffer
    z3: Any = import_module("z3")
    z3.set_param("memory_max_size", MEGABYTES)
    questions: dict[int, Question] = {}
    while len(head := reading.read(4)) == 4:
        for name, number, *parts in marshal.loads(reading.read(struct.unpack("<I", head)[0])):
            if name == "drop":
                questions.pop(number, None)
                continue
            question = questions.get(number) or questions.setdefault(number, Question(z3))
            try:
                found = getattr(question, name)(*parts)
            except (z3.Z3Exception, MemoryError):
                question.is_broken = True
                found = "unknown", [], []
            if name == "check":
                answer = marshal.dumps(found)
                writing.write(struct.pack("<I", len(answer)) + answer)
                writing.flush()


if __name__ == "__main__":
    main()
