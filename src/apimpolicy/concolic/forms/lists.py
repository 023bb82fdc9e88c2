"""Lists and queries, enumerated as in the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver, symbolic_json
from apimpolicy.concolic.access import Function, called, item_at
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.forms.string_splits import Split
from apimpolicy.concolic.origins import COPIED, IS_AMONG, Origin
from apimpolicy.concolic.sequences import Items, LazyItems, Pair, items_of
from apimpolicy.concolic.strings import same_ignoring_case, same_text
from apimpolicy.concolic.values import ConcolicValue, first_unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.concolic.forms import Call

SEQUENCE = "System.Collections.Generic.IEnumerable"
LINQ = "System.Linq.Enumerable"
_TEST = "System.Func<TSource, bool> predicate"


def linq(result: str, name: str, rest: str = "", generic: str = "TSource") -> str:
    more = f", {rest}" if rest else ""
    return f"static {result} {name}<{generic}>(this {SEQUENCE}<TSource> source{more})"


def _source(call: Call) -> Iterator[ConcolicValue] | list[ConcolicValue] | None:
    return items_of(call.replayer, call.arguments[0], call.node)


def _test(call: Call, item: ConcolicValue) -> bool:
    return called(call.replayer, call.arguments[1], [item]).value is True


@form(LINQ, linq(f"{SEQUENCE}<TSource>", "Where", _TEST))
def where(call: Call) -> ConcolicValue | None:
    source = _source(call)
    if source is None or not isinstance(call.arguments[1].form, Function):
        return None
    return ConcolicValue(form=LazyItems(lambda: (item for item in source if _test(call, item))))


@form(
    LINQ,
    linq(f"{SEQUENCE}<TResult>", "Select", "System.Func<TSource, TResult> selector", "TSource, TResult"),
)
def select(call: Call) -> ConcolicValue | None:
    source = _source(call)
    if source is None or not isinstance(call.arguments[1].form, Function):
        return None
    return ConcolicValue(form=LazyItems(lambda: (called(call.replayer, call.arguments[1], [item]) for item in source)))


@form(LINQ, linq("bool", "Any"))
def any_item(call: Call) -> ConcolicValue | None:
    form_ = call.arguments[0].form
    if isinstance(form_, symbolic_json.SymbolicJson):
        return (
            ConcolicValue(term=form_.length > 0)
            if form_.decide_kind(call.replayer, call.arguments[0]) == symbolic_json.LIST
            else None
        )
    source = _source(call)
    if source is None:
        return None
    for _ in source:
        return ConcolicValue(True)
    return ConcolicValue(False)


@form(LINQ, linq("bool", "Any", _TEST))
def any_matching(call: Call) -> ConcolicValue | None:
    source = _source(call)
    if source is None:
        return None
    return ConcolicValue(any(_test(call, item) for item in source))


@form(LINQ, linq("bool", "All", _TEST))
def all_matching(call: Call) -> ConcolicValue | None:
    source = _source(call)
    return None if source is None else ConcolicValue(all(_test(call, item) for item in source))


@form(LINQ, linq("int", "Count"), linq("int", "Count", _TEST))
def count(call: Call) -> ConcolicValue | None:
    source = _source(call)
    if source is None:
        return None
    return ConcolicValue(sum(1 for item in source if len(call.arguments) < 2 or _test(call, item)))


@form(
    LINQ,
    *(
        linq("TSource", name, rest)
        for name in ("First", "FirstOrDefault", "Single", "SingleOrDefault", "Last", "LastOrDefault")
        for rest in ("", _TEST)
    ),
)
def first_or_last(call: Call) -> ConcolicValue | None:
    source = _source(call)
    if source is None:
        return None
    name = call.member.name
    is_backward = name.startswith("Last") and isinstance(call.arguments[0].value, list)
    found: list[ConcolicValue] = []
    for item in reversed(list(source)) if is_backward else source:
        if len(call.arguments) < 2 or _test(call, item):
            found.append(item)
            if name.startswith("First") or is_backward:
                break
    if not found:
        if not name.endswith("OrDefault"):
            call.guard(solver.FALSE)
        return ConcolicValue()
    if name.startswith("Single") and len(found) > 1:
        call.guard(solver.FALSE)
        return ConcolicValue()
    return found[-1]


@form(
    LINQ,
    linq("TSource[]", "ToArray"),
    linq("System.Collections.Generic.List<TSource>", "ToList"),
    linq(f"{SEQUENCE}<TSource>", "AsEnumerable"),
)
def to_list(call: Call) -> ConcolicValue | None:
    source = _source(call)
    return None if source is None else ConcolicValue(form=Items(list(source)))


@form(LINQ, linq(f"{SEQUENCE}<TSource>", "Skip", "int count"), linq(f"{SEQUENCE}<TSource>", "Take", "int count"))
def skip_or_take(call: Call) -> ConcolicValue | None:
    from itertools import islice

    source, number = _source(call), call.arguments[1]
    if source is None or not number.is_constant:
        return None
    is_skip = call.member.name == "Skip"
    bounds = (number.value, None) if is_skip else (0, number.value)
    return ConcolicValue(form=LazyItems(lambda: islice(source, *bounds)))


@form(LINQ, linq("bool", "Contains", "TSource value"))
@form(
    LINQ,
    linq("bool", "Contains", "TSource value, System.Collections.Generic.IEqualityComparer<TSource> comparer"),
)
def contains(call: Call) -> ConcolicValue | None:
    wanted = call.arguments[1]
    form_ = call.arguments[0].form
    if len(call.arguments) > 2:
        comparer = type(call.arguments[2].value).__name__
        if "IgnoreCase" not in comparer and "ignore" not in repr(call.arguments[2].value).lower():
            return None
        return _contains(call, _source(call), wanted, ignores_case=True)
    if (
        isinstance(form_, Split)
        and wanted.is_constant
        and isinstance(wanted.value, str)
        and form_.has_plain(wanted.value)
    ):
        return ConcolicValue(term=form_.has(wanted.value))
    return _contains(call, _source(call), wanted, ignores_case=False)


@form("System.Array", "static bool Exists<T>(T[] array, System.Predicate<T> match)")
def exists(call: Call) -> ConcolicValue | None:
    return any_matching(call)


@form("System.Collections.Generic.List", "bool Contains(T item)")
@form("System.Collections.Generic.HashSet", "bool Contains(T item)")
def list_contains(call: Call) -> ConcolicValue | None:
    return _contains(call, items_of(call.replayer, call.own, call.node), call.arguments[0], ignores_case=False)


def _contains(
    call: Call, source: Iterable[ConcolicValue] | None, wanted: ConcolicValue, *, ignores_case: bool
) -> ConcolicValue | None:
    if source is None:
        return None
    terms: list[solver.Term] = []
    items = list(source)
    for item in items:
        if not isinstance(item.value, (str, type(None))) or not isinstance(wanted.value, (str, type(None))):
            return None
        same = same_ignoring_case(item, wanted) if ignores_case else same_text(item, wanted)
        if same is None and item.is_constant and wanted.is_constant:
            same = ConcolicValue(item.value == wanted.value)
        if same is None or same.unsupported is not None:
            unsupported = first_unsupported(wanted, *items) or call.replayer.unsupported_at(call.name, call.node)
            return ConcolicValue(unsupported=unsupported, origin=Origin(IS_AMONG, call.node, [wanted, *items]))
        terms.append(same.term if same.term is not None else solver.constant(bool(same.value)))
        if not isinstance(source, list) and call.replayer.path.branch_on(terms[-1], "contains"):
            return ConcolicValue(True)  # later items were not enumerated
    return ConcolicValue(term=solver.any_of(*terms))


@form("System.Collections.Generic.List", "T Item[int index] { get; set; }")
def list_item(call: Call) -> ConcolicValue | None:
    return item_at(call.replayer, call.own, call.arguments[0], call.node)


@form("System.Array", "int Length { get; }")
def array_length(call: Call) -> ConcolicValue | None:
    if call.own.unsupported is not None:
        return None
    items = items_of(call.replayer, call.own, call.node)
    return None if items is None else ConcolicValue()


@form("System.Collections.Generic.List", "void Add(T item)", "void Clear()", "void RemoveAt(int index)")
@form("System.Collections.Generic.List", "void Insert(int index, T item)", "void Reverse()")
def change_list(call: Call) -> ConcolicValue | None:
    return change_items(call, call.arguments)


def change_items(call: Call, arguments: list[ConcolicValue]) -> ConcolicValue | None:
    """Change a list with known items at a constant index."""
    own, name = call.own.form, call.member.name
    if not isinstance(own, Items) or own.unsupported is not None:
        return None
    if name == "Add":
        own.items.append(arguments[0])
        return ConcolicValue()
    if name in ("Clear", "Reverse"):
        own.items[:] = reversed(own.items) if name == "Reverse" else []
        return ConcolicValue()
    index = arguments[0]
    if not index.is_constant or not 0 <= index.value < len(own.items) + (name == "Insert"):
        return None
    if name == "Insert":
        own.items.insert(index.value, arguments[1])
    else:
        del own.items[index.value]
    return ConcolicValue()


@form("System.Collections.Generic.List", f"void AddRange({SEQUENCE}<T> collection)")
def add_range(call: Call) -> ConcolicValue | None:
    own, more = call.own.form, items_of(call.replayer, call.arguments[0], call.node)
    if not isinstance(own, Items) or own.unsupported is not None or more is None:
        return None
    own.items.extend(more)
    return ConcolicValue()


@form("System.Collections.Generic.List", "new()", "new(int capacity)")
def new_list(call: Call) -> ConcolicValue:
    return ConcolicValue(form=Items([]))


@form("System.Collections.Generic.List", f"new({SEQUENCE}<T> collection)")
@form("System.Collections.Generic.List", "T[] ToArray()")
def copy_items(call: Call) -> ConcolicValue | None:
    given = call.receiver if call.receiver is not None else call.arguments[0]
    items = items_of(call.replayer, given, call.node)
    return None if items is None else ConcolicValue(form=Items(list(items)))


_MATCH = "System.Predicate<T> match"


@form("System.Collections.Generic.List", f"bool Exists({_MATCH})", f"T Find({_MATCH})", f"int FindIndex({_MATCH})")
def find(call: Call) -> ConcolicValue | None:
    items, name = items_of(call.replayer, call.own, call.node), call.member.name
    if items is None:
        return None
    for index, item in enumerate(items):
        if called(call.replayer, call.arguments[0], [item]).value is True:
            return item if name == "Find" else ConcolicValue(index if name == "FindIndex" else True)
    return ConcolicValue()


@form("System.Collections.Generic.KeyValuePair", "TKey Key { get; }", "TValue Value { get; }")
def key_or_value(call: Call) -> ConcolicValue | None:
    own = call.own.form
    if not isinstance(own, Pair):
        return None
    return own.name if call.member.name == "Key" else own.value


@form(
    "System.Array",
    "static void Copy(System.Array sourceArray, int sourceIndex, System.Array destinationArray, int destinationIndex, "
    "int length)",
    "static void Copy(System.Array sourceArray, System.Array destinationArray, int length)",
    "void CopyTo(System.Array array, int index)",
    but="any value: copies are not modeled",
)
def copy(call: Call) -> ConcolicValue | None:
    """Return an array after a part of another one was copied into it."""
    source, start, target, place, count = _copy_arguments(call)
    parts = (source, start, place, count)
    if all(each.is_constant for each in (target, *parts)):
        return ConcolicValue()
    unsupported = first_unsupported(*parts, target) or call.replayer.unsupported_at(call.name, call.node)
    call.replayer.guard(None, unsupported)
    if hasattr(target.form, "invalidate"):
        target.form.invalidate(unsupported)
    before = target.as_value(target.value)
    target.term, target.form, target.unsupported = None, None, unsupported
    target.origin = Origin(COPIED, call.node, [before, *parts])
    return ConcolicValue()


def _copy_arguments(call: Call) -> tuple[ConcolicValue, ConcolicValue, ConcolicValue, ConcolicValue, ConcolicValue]:
    """Return source, source index, target, target index and length of a copy."""
    given = call.arguments
    if call.receiver is not None:
        return call.receiver, ConcolicValue(0), given[0], given[1], ConcolicValue(len(call.receiver.value))
    if len(given) == 3:
        return given[0], ConcolicValue(0), given[1], ConcolicValue(0), given[2]
    return given[0], given[1], given[2], given[3], given[4]
