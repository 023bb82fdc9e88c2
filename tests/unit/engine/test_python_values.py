"""What becomes of collections that hold others many times, or themselves."""

from __future__ import annotations

from apimpolicy import Gateway, Request, Response


def variables(code: str) -> object:
    policy = f"<policies><inbound><set-variable name='v' value='@{{{code}}}' /></inbound></policies>"
    return Gateway(backend=Response(200)).run(policy, Request.get("/")).variables["v"]


def test_one_object_in_many_places_is_converted_once() -> None:
    doubled = "var a = new List<object>(); for (int i = 0; i &lt; 60; i++) { var b = new List<object> { a, a }; a = b; }"
    value = variables(f"{doubled} return a;")
    for _ in range(60):
        assert isinstance(value, list)
        assert value[0] is value[1]
        value = value[0]
    assert value == []


def test_a_list_that_holds_itself_ends() -> None:
    value = variables("var a = new List<object>(); a.Add(1); a.Add(a); return a;")
    assert isinstance(value, list)
    assert value[0] == 1
