"""Records: classes whose fields are declared once, as annotations, in the order of the constructor's parameters.

    class Conditional(Expression):
        condition: Expression
        when_true: Expression
        when_false: Expression

makes `__slots__`, and an `__init__` as fast as a written one; type checkers understand it as they do dataclasses. A
default is given as usual; one of a class that others derive from is `keyword(…)`, so that their fields can follow. A
class may have an `__init__` of its own. On the way of a cold start attrs and dataclasses would cost more than all that
the records hold: importing them alone takes longer than the making of a hundred classes here.
"""

from __future__ import annotations

from functools import cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Keyword:
    __slots__ = ("default",)

    def __init__(self, default: Any) -> None:
        self.default = default


def keyword(*, default: Any, kw_only: bool = True) -> Any:
    """A field that is given by its name only, with its default; write `kw_only=True`, which type checkers need."""
    return _Keyword(default)


@dataclass_transform(field_specifiers=(keyword,))
class _RecordType(type):
    """Makes the class of a record from its annotations."""

    _fields: tuple[str, ...]
    _defaults: dict[str, Any]
    _keywords: tuple[str, ...]

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _RecordType:
        inherited = bases[0] if bases and isinstance(bases[0], _RecordType) else None
        known = inherited._fields if inherited is not None else ()
        declared = tuple(namespace.get("__annotations__", ()))
        given = {field: namespace.pop(field) for field in declared if field in namespace}
        keywords = [field for field in (inherited._keywords if inherited is not None else ()) if field not in declared]
        keywords += [field for field in declared if isinstance(given.get(field), _Keyword)]
        defaults = {**inherited._defaults} if inherited is not None else {}
        for field in declared:
            defaults.pop(field, None)
        defaults.update({f: d.default if isinstance(d, _Keyword) else d for f, d in given.items()})
        own = tuple(field for field in declared if field not in known)
        namespace["__slots__"] = own
        namespace |= {"_fields": (*known, *own), "_defaults": defaults, "_keywords": tuple(keywords)}
        if "__init__" not in namespace:
            namespace["__init__"] = _constructor((*known, *own), defaults, keywords)
        return super().__new__(cls, name, bases, namespace)


def _constructor(fields: tuple[str, ...], defaults: dict[str, Any], keywords: Iterable[str]) -> FunctionType:
    positional = [field for field in fields if field not in keywords]
    parameters = (*positional, *keywords)
    code = _template(len(parameters)).replace(
        co_argcount=1 + len(positional),
        co_kwonlyargcount=len(parameters) - len(positional),
        co_names=parameters,
        co_varnames=("self", *parameters),
    )
    by_position = tuple(defaults[field] for field in positional if field in defaults)
    made = FunctionType(code, {}, "__init__", by_position)
    made.__kwdefaults__ = {field: defaults[field] for field in keywords}
    return made


@cache
def _template(count: int) -> CodeType:
    """The code of an `__init__` with this many fields; compiled once, and renamed for each class."""
    names = [f"field_{index}" for index in range(count)]
    assignments = "; ".join(f"self.{name} = {name}" for name in names) or "pass"
    namespace: dict[str, FunctionType] = {}
    exec(f"def __init__({', '.join(['self', *names])}): {assignments}", namespace)
    return namespace["__init__"].__code__


class Record(metaclass=_RecordType):
    """The base of all records. `_fields` are the names of the fields in the order of the declarations."""
