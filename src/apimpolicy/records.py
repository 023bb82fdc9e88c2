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

from types import FunctionType
from typing import Any, Self, dataclass_transform

from apimpolicy.record_templates import TEMPLATES


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
    _declared: tuple[dict[str, Any], dict[str, Any]]
    """The annotations and the defaults of the class itself."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _RecordType:
        declared = namespace.get("__annotations__", {})
        inherited = bases[0] if bases else None
        known: tuple[str, ...] = getattr(inherited, "_fields", ())
        own = tuple([field for field in declared if field not in known]) if known else tuple(declared)
        defaults = {field: namespace.pop(field) for field in declared if field in namespace}
        namespace["__slots__"] = own
        namespace["_fields"] = known + own
        namespace["_declared"] = (declared, defaults)
        if "__init__" in namespace:
            return super().__new__(cls, name, bases, namespace)

        def first(self: Record, *arguments: Any, **named: Any) -> None:
            made.__init__ = _constructor(made)  # type: ignore[misc]
            made.__init__(self, *arguments, **named)  # type: ignore[misc]

        namespace["__init__"] = first
        made = super().__new__(cls, name, bases, namespace)
        return made


def _constructor(cls: _RecordType) -> FunctionType:
    """The `__init__` of a class, made when the first object is: most classes of a cold start never have one."""
    defaults: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        declared, given = base.__dict__.get("_declared", ({}, {}))
        for field in declared:
            defaults.pop(field, None)
        defaults.update(given)
    keywords = [field for field, default in defaults.items() if isinstance(default, _Keyword)]
    positional = [field for field in cls._fields if field not in keywords]
    parameters = (*positional, *keywords)
    template = TEMPLATES[len(parameters)].__code__
    fields = dict(zip(template.co_varnames[1:], parameters, strict=True))
    code = template.replace(
        co_argcount=1 + len(positional),
        co_kwonlyargcount=len(keywords),
        co_names=tuple(fields[name] for name in template.co_names),
        co_varnames=("self", *parameters),
    )
    by_position = tuple(defaults[field] for field in positional if field in defaults)
    made = FunctionType(code, {}, "__init__", by_position)
    made.__kwdefaults__ = {field: defaults[field].default for field in keywords}
    return made


class Record(metaclass=_RecordType):
    """The base of all records. `_fields` are the names of the fields in the order of the declarations."""

    def replaced(self, **changes: Any) -> Self:
        """A record of the same class with other values in these fields."""
        cls = type(self)
        made = cls.__new__(cls)
        for field in cls._fields:
            setattr(made, field, changes[field] if field in changes else getattr(self, field))
        return made
