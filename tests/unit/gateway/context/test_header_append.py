"""Headers inside the gateway take one value or several."""

from __future__ import annotations

from apimpolicy.gateway.context.header_fields import HeaderCollection


def test_a_text_is_one_value() -> None:
    headers = HeaderCollection()
    headers.append("X-One", "text")
    headers.append("x-one", ["more", "texts"])
    headers.set("X-Two", "two")
    assert headers.fields() == [("X-One", ["text", "more", "texts"]), ("X-Two", ["two"])]


def test_a_name_in_front_of_the_others() -> None:
    headers = HeaderCollection([("B", ["2"])])
    headers.put_first("A", "1")
    assert [name for name, _ in headers.fields()] == ["A", "B"]
