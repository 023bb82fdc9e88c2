"""Every simulated member with nasty arguments: empty, huge, combining marks, surrogates, digits, deep, cyclic.

    python -m tests.fuzz.members SECONDS [SEED]

Each call runs in a process of its own, whose memory and processor time are measured. A breach is a process that a
signal ends, one that needs more than `MOST_MEMORY` or longer than `MOST_SECONDS`, and a mistake of ours; what was found
is a row of `test_members_fuzz.py`.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.metadata import all_definitions
from apimpolicy.csharp.dotnet.registry import find_implementation
from apimpolicy.csharp.dotnet.signatures import Method, Property
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, Type, TypeParameter
from apimpolicy.csharp.dotnet.values import CHAR, INT, OBJECT, STRING, VOID
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.errors import ApimPolicyError, DiagnosticError, InternalError
from apimpolicy.gateway.context.execution import Context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.csharp.dotnet.signatures import Member

MOST_SECONDS = 8
"""Processor time: the five seconds of the limit, and the last call before somebody looked."""
MOST_MEMORY = 1 << 30
_KILL = 15
_FREE_SECONDS = 1.0
_SECONDS_PER_STEP = 5e-6
"""Five times what a step is meant to take: a call that takes longer forgets what it works through."""


def _pools() -> dict[str, tuple[str, ...]]:
    pools: dict[str, list[str]] = {}
    name = ""
    for line in Path(__file__).with_name("nasty_values.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            pools[name].append(line[4:])
        elif line and line[0] != "#":
            name = line
            pools[name] = []
    return {name: tuple(values) for name, values in pools.items()}


POOLS = _pools()
"""Expressions of a type, in C#; by its name."""


class Call(NamedTuple):
    """One member with one choice of arguments, as an expression of a policy."""

    member: str
    code: str


@cache
def members() -> tuple[Member, ...]:
    """Every simulated member that can be called with what the pools have."""
    found: list[Member] = []
    for definition in all_definitions():
        if (
            definition.kind == "delegate"
            or definition.is_tuple
            or definition.name.startswith(("System.Threading", "I"))
        ):
            continue
        for member in definition.all_members():
            if isinstance(member, (Method, Property)) and find_implementation(definition, member.signature) is not None:
                found.append(member)
    return tuple(found)


def closed(type_: Type, choice: Type) -> Type:
    """A type with every parameter of it put to one."""
    parameters = _parameters(type_)
    return type_.substitute(dict.fromkeys(parameters, choice)) if parameters else type_


def _parameters(type_: Type) -> list[TypeParameter]:
    if isinstance(type_, TypeParameter):
        return [type_]
    if isinstance(type_, ArrayType):
        return _parameters(type_.element)
    if isinstance(type_, NamedType):
        return [p for argument in type_.arguments for p in _parameters(argument)]
    return []


def value(chance: random.Random, type_: Type) -> str | None:
    """An expression of a type; None when nobody knows one."""
    name = str(type_)
    pool = POOLS.get(name)
    if pool is not None:
        return chance.choice(pool)
    if isinstance(type_, ArrayType) and type_.rank == 1:
        return chance.choice((f"new {type_.element}[1000000]", f"new {type_.element}[0]", *_filled(type_.element)))
    if not isinstance(type_, NamedType):
        return None
    if type_.underlying is not None:
        return value(chance, type_.underlying)
    if type_.kind == "enum":
        return f"(({name}){chance.choice((0, 1, 2, 4, 99))})"
    if type_.kind == "delegate":
        return _function(type_)
    if type_.arguments and name.startswith(("System.Collections.Generic.", "System.Linq.I")):
        return _collection(chance, type_)
    if name in ("System.Collections.IEnumerable", "System.Collections.ICollection", "System.Collections.IList"):
        return f"new List<int>({_FEW_OR_MANY})"
    return f"default({name})" if type_.is_value_type else None


_FEW_OR_MANY = "Enumerable.Range(0, 60000)"


def _filled(element: Type) -> tuple[str, ...]:
    if element is STRING:
        return ("Enumerable.Repeat(new string('a', 10000), 1000).ToArray()",)
    if element is CHAR:
        every = "Enumerable.Range(0, 65536).Select(i => (char)i)"
        return (f"{every}.ToArray()", f"{every}.Skip(98).Append('a').ToArray()")
    return ("Enumerable.Range(0, 300000).ToArray()",) if element is INT else ()


def _elements(type_: Type) -> str:
    made = {INT: "i", STRING: '("k" + i)', OBJECT: "(object)i"}.get(type_)
    return f"{_FEW_OR_MANY}.Select(i => {made})" if made is not None else ""


def _collection(chance: random.Random, type_: NamedType) -> str | None:
    short = type_.definition.name.rpartition(".")[2]
    elements = _elements(type_.arguments[0])
    if not elements:
        return None
    if len(type_.arguments) == 2:
        second = {INT: "0", STRING: '"v"', OBJECT: "null"}.get(type_.arguments[1])
        if second is None or "Dictionary" not in short:
            return None
        return f"{elements}.ToDictionary(i => i, i => ({type_.arguments[1]}){second})"
    if short in ("IEnumerable", "IReadOnlyCollection", "IReadOnlyList", "ICollection", "IList", "List"):
        lazy = f"Enumerable.Repeat({elements}, 3).SelectMany(x => x)"
        return chance.choice((f"{elements}.ToList()", *((elements, lazy) if short == "IEnumerable" else ())))
    if short in ("HashSet", "ISet", "Stack", "Queue"):
        return f"new {'HashSet' if short == 'ISet' else short}<{type_.arguments[0]}>({elements})"
    if short == "IOrderedEnumerable":
        return f"{elements}.OrderBy(x => x)"
    if short in ("IComparer", "IEqualityComparer"):
        return "StringComparer.InvariantCultureIgnoreCase" if type_.arguments[0] is STRING else "null"
    return None


def _function(type_: NamedType) -> str | None:
    from apimpolicy.csharp.binding.lookup import delegate_signature

    signature = delegate_signature(type_)
    if signature is None or any(p.mode for p in signature.parameters):
        return None
    names = ", ".join(f"p{number}" for number in range(len(signature.parameters)))
    result = signature.returns
    if result is VOID:
        return f"(({type_})(({names}) => {{ }}))"
    same = next((n for n, p in enumerate(signature.parameters) if p.type is result), None)
    return f"(({type_})(({names}) => {f'p{same}' if same is not None else f'default({result})'}))"


def call(chance: random.Random, member: Member) -> Call | None:
    """A call of a member with arguments taken by chance; None when one is not to be had."""
    choice = chance.choice((INT, STRING, OBJECT))
    container = closed(member.declaring.open_type, choice)
    parameters = [(p, closed(p.type, choice)) for p in getattr(member, "parameters", ())]
    prepared: list[str] = []
    passed: list[str] = []
    for number, (parameter, type_) in enumerate(parameters):
        if parameter.mode == "out":
            passed.append(f"out var o{number}")
            continue
        made = value(chance, type_)
        if made is None:
            return None
        prepared.append(f"{type_} a{number} = {made};")
        passed.append(f"ref a{number}" if parameter.mode == "ref" else f"a{number}")
    types = getattr(member, "type_parameters", ())
    written = f"<{', '.join([str(choice)] * len(types))}>" if types else ""
    if member.name == "new":
        operation = f"new {container}({', '.join(passed)})"
    elif member.name.startswith("op_"):
        return None
    else:
        target = str(container)
        if not member.is_static:
            made = value(chance, container)
            if made is None:
                return None
            prepared.insert(0, f"{container} r = {made};")
            target = "r"
        is_indexer = isinstance(member, Property) and bool(parameters)
        if isinstance(member, Property):
            operation = f"{target}[{', '.join(passed)}]" if is_indexer else f"{target}.{member.name}"
        else:
            operation = f"{target}.{member.name}{written}({', '.join(passed)})"
    returns = member.returns if isinstance(member, Method) else member.type  # type: ignore[attr-defined]
    name = f"{member.declaring.name}: {member.signature}"
    if returns is VOID and member.name != "new":
        return Call(name, f"@{{ {' '.join(prepared)} {operation}; return 1; }}")
    used = "object z = " + operation + "; var w = z as System.Collections.IEnumerable; var n = 0;"
    walk = "if (w != null && !(z is string)) foreach (var e in w) { if (++n > 1000000) break; }"
    return Call(name, f"@{{ {' '.join(prepared)} {used} {walk} return n; }}")


class Outcome(NamedTuple):
    """What came of a call: `kind` is ok, refused (it does not compile), threw, limit, or a breach."""

    kind: str
    detail: str
    seconds: float
    memory: int

    @property
    def is_breach(self) -> bool:
        return self.kind == "breach"


def run(code: str) -> Outcome:
    """Run an expression in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (_KILL, _KILL))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.close(reading)
        os.write(writing, _evaluate(code).encode("utf-8", "backslashreplace")[:4000])
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        answer = pipe.read().decode()
    _, status, used = os.wait4(child, 0)
    seconds, memory = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024
    kind, _, detail = answer.partition("\n")
    kind, _, steps = kind.partition(" ")
    if os.WIFSIGNALED(status):
        return Outcome("breach", f"ended by {signal.Signals(os.WTERMSIG(status)).name}", seconds, memory)
    if kind == "mistake":
        return Outcome("breach", detail, seconds, memory)
    if seconds > MOST_SECONDS or memory > MOST_MEMORY:
        return Outcome("breach", f"{kind} {detail}: {seconds:.1f} s, {memory >> 20} MB", seconds, memory)
    if seconds > _FREE_SECONDS + int(steps or 0) * _SECONDS_PER_STEP:
        return Outcome("breach", f"{kind} {detail}: {seconds:.1f} s for {int(steps or 0):,} steps", seconds, memory)
    return Outcome(kind, detail, seconds, memory)


def _evaluate(code: str) -> str:
    try:
        compiled = compile_expression(code)
    except DiagnosticError as error:
        return f"refused\n{error}"
    here = Environment()
    try:
        with use_environment(here):
            compiled.evaluate(Context())
    except DotnetException as error:
        return f"threw {_steps(here)}\n{error.type_name}"
    except InternalError as error:
        return f"mistake\n{error}"
    except ApimPolicyError as error:
        return f"limit {here.limits.steps}\n{error}"
    except BaseException as error:
        return f"mistake\n{type(error).__name__}: {error}"
    return f"ok {_steps(here)}\n"


def _steps(here: Environment) -> int:
    return here.limits.steps - max(here.steps_left, 0)


def calls(seed: int) -> Iterator[Call]:
    """Calls without end, every member in turn in an order by chance."""
    chance = random.Random(seed)
    while True:
        for member in chance.sample(members(), len(members())):
            found = call(chance, member)
            if found is not None:
                yield found


def fuzz(seconds: float, seed: int = 0) -> int:
    """Call members for so long; prints each breach and a line of counts; how many breaches."""
    ends = time.monotonic() + seconds
    counts: dict[str, int] = {}
    called: set[str] = set()
    for made in calls(seed):
        if time.monotonic() > ends:
            break
        outcome = run(made.code)
        counts[outcome.kind] = counts.get(outcome.kind, 0) + 1
        if outcome.kind != "refused":
            called.add(made.member)
        if outcome.is_breach:
            print(f"BREACH {made.member}\n  {outcome.detail[:300]}\n  {made.code}", flush=True)
    shown = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))
    print(f"members: {len(called):,} of {len(members()):,} called; {shown}")
    return counts.get("breach", 0)


if __name__ == "__main__":
    sys.exit(min(fuzz(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0), 1))
