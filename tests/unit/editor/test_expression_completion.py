"""Completion in code that is being typed: what must be offered, first or at all, and where nothing is."""

from __future__ import annotations

import pytest
from benchmarks import completion as figures
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sampling import nightly

from apimpolicy.editor.expression_completion import complete
from apimpolicy.editor.members import simple_types
from apimpolicy.editor.unfinished import word_start

# code with the caret as |, a name that is offered, a name that is not
OFFERED = [
    ("@(context.|", "Request", "Headers"),
    ("@(context.Re|", "Response", "Body"),
    ("@(context.Request.Headers.|", "GetValueOrDefault", "Path"),
    ("@(context.Request.Headers.|)", "ContainsKey", "Path"),
    ("@(context?.Request?.|", "Method", "Headerz"),
    ("@{ var body = context.Request.Body.As<JObject>(); return body.|", "SelectToken", "IsMatch"),
    ("@{ var body = context.Request.Body.As<JObject>(|); return body; }", "preserveContent", "body2"),
    ("@(new[] { 1, 2 }.Select(x => x.|", "CompareTo", "Length"),
    ('@(new[] { "a" }.ToDictionary(k => k, v => v.|', "Length", "Count2"),
    ("@(new[] { 1 }.Aggregate(0, (sum, each) => |", "each", "other"),
    ("@(unknown.Where(part => |", "part", "whole"),
    ("@(new[] { 1 }.Aggregate(unknown, (sum, each) => each.|", "CompareTo", "Split"),
    ("@(string.|", "IsNullOrEmpty", "Length"),
    ("@(new System.Text.|", "StringBuilder", "Regex"),
    ("@(new Dictionary<string, |", "JObject", "IsMatch"),
    ("@{ return Twice(|; int Twice(int value) { return value * 2; } }", "value", "Thrice"),
    ("@{ if (true) { return |; } int Twice(int value) { return value; } return 1; }", "Twice", "Thrice"),
    ("@{ | }", "foreach", "select"),
    ("@(from x in new[] { 1 } select x.|", "CompareTo", "Length"),
    ('@($"{context.Request.|', "Method", "Length"),
    ("@{ var pair = (name: 1, size: 2); return pair.|", "size", "length"),
    ("@{ var thing = new { Size = 1 }; return thing.|", "Size", "Length"),
    ("@{ var list = new List<string>(); foreach (var each in list) { each.|", "Trim", "Add"),
    ("@{ return new X509Certificate2 { |", "Archived", "Thumbprint"),
    ("@{ var x = 1; var y = context.Request. \n return x.|", "CompareTo", "Nothing"),
    ("@{ var list = new List<int>() list.Add(1); return list.|", "Count", "Length"),
    ("@{ var list = new List<int>(); if (context.\n return list.|", "Count", "Length"),
    ('@{ try { int.Parse("1"); } catch (Exception error) { return error.|', "Message", "Length"),
    ("@(context.Request.Certificate.|", "Thumbprint", "Length"),
    ("@(context.Variables.GetValueOrDefault<|", "string", "x"),
    ('@{ int.TryParse("1", out var number); return number.|', "CompareTo", "Length"),
    ('@{ switch (context.Request.Method) { case "GET": return context.|', "Response", "Length"),
]

# an earlier statement has lost something, or is unfinished
MENDED = [
    ("@{ var = context.Request; if (request == null) { return 1; } return request.|", "Headers"),
    ("@{ string = context.Request.Method; if (text == null) { return 1; } return text.|", "Trim"),
    ("@{ list = new List<string>(); list.Add(null); return list.|", "Count"),
    ("@{ for (i = 0; i < 3; i++) { return |", "i"),
    ('@{ var found = context.Variables.GetValueOrDefault< >("a", ""); return found.|', "Trim"),
    ('@{\n var text = "a" + {context.RequestId}";\n var other = "b";\n return other.|', "Trim"),
    ('@{\n var text = $"{context.RequestId ";\n var other = "b";\n return other.|', "Trim"),
    ("@{ string text = (((;\n int other = 1;\n return text.|", "Trim"),
    ("@{ var a = 1;\nforeach (var b in \n  int[] c = new[] { 1 };\n  return c.|", "Length"),
    ("@{ var a = 1;\nif (context.\n  JArray c = new JArray();\n  return c.|", "Count"),
]

# code with the caret as |, keywords among the first five after their first letter, words that are not offered
KEYWORDS = [
    ("@{ | }", "var return if foreach try switch throw while using for const break", "await stackalloc async yield"),
    ("@{ var a = 1;\n|", "var return if", "in catch else case"),
    ("@{ if (true) { return 1; } |", "else return", "in"),
    ('@{ try { int.Parse("1"); } |', "catch finally", "in case"),
    ("@{ try { } catch (Exception) { } |", "catch finally return", "in"),
    ("@{ foreach (|", "var", "context in"),
    ("@{ foreach (var x |", "in", "as is"),
    ("@{ for (|", "var", "void"),
    ("@{ using (|", "var", "void"),
    ('@{ int.TryParse("1", out |', "var", "in"),
    ("@{ switch (context.RequestId) { |", "case default", "await"),
    ("@{ switch (1) { case 1: return 2; |", "case default return", "await"),
    ('@(context.Variables["a"] |', "as is", "in await stackalloc"),
    ("@(from x |", "in", "as"),
    ("@(from x in new[] { 1 } |", "select where orderby group join let", "in"),
    ("@{ return |", "new null true false default typeof", "var await stackalloc this base"),
    ("@(|", "new null true", "var return await stackalloc"),
]

# after this code a type is named: the first ones, and what is not offered
TYPES = [
    ("@(new |", "string JObject", "context Console Thread"),
    ('@(context.Variables["a"] as |', "string JObject", "context null"),
    ("@((|", "string int", "Console"),
    ("@(typeof(|", "string int", "context"),
    ("@{ try { } catch (|", "Exception", "context"),
    ("@{ throw new |", "Exception", "context"),
    ("@(context.Variables.GetValueOrDefault<|", "string int", "context new"),
    ("@{ foreach (|", "string int", "context"),
]

# the caret stands in no name
NOTHING = ['@("text |', "@{ // remark |", "text |", "|"]

FIRST = [
    ("@(context.Request.Headers.|", "GetValueOrDefault"),
    ("@(context.|", "Request"),
    ("@(context.Request.Method == |", "context"),
    ("@{ var total = 1; return t|", "total"),
    ("@{ if (string.|", "IsNullOrEmpty"),
]


def at_caret(text: str) -> list[str]:
    caret = text.index("|")
    return [item.label for item in complete(text.replace("|", "", 1), caret).items]


@pytest.mark.parametrize(("text", "offered", "absent"), OFFERED)
def test_what_fits_is_offered(text: str, offered: str, absent: str) -> None:
    labels = at_caret(text)
    assert offered in labels
    assert absent not in labels


@pytest.mark.parametrize(("text", "offered"), MENDED)
def test_mistakes_in_earlier_statements_are_mended(text: str, offered: str) -> None:
    assert offered in at_caret(text)


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_offered_where_no_name_stands(text: str) -> None:
    assert at_caret(text) == []


@pytest.mark.parametrize(("text", "first"), FIRST)
def test_what_is_likely_comes_first(text: str, first: str) -> None:
    typed = text[word_start(text, text.index("|")) : text.index("|")]
    assert first in [label for label in at_caret(text) if label.startswith(typed)][:5]


@pytest.mark.parametrize(("text", "expected", "absent"), KEYWORDS)
def test_keywords_are_offered_at_their_places(text: str, expected: str, absent: str) -> None:
    labels = at_caret(text)
    for word in expected.split():
        assert word in [label for label in labels if label.startswith(word[0])][:5]
    assert not set(labels) & set(absent.split())


@pytest.mark.parametrize(("text", "first", "absent"), TYPES)
def test_types_are_offered_where_a_type_is_named(text: str, first: str, absent: str) -> None:
    labels = at_caret(text)
    assert set(first.split()) <= set(labels[:8])
    assert not set(labels) & set(absent.split())


@pytest.mark.parametrize("text", ["@(new |", "@{ |", "@((|"])
def test_only_types_that_the_gateway_takes_are_offered(text: str) -> None:
    refused = {name for name, is_allowed in simple_types() if not is_allowed}
    assert len(refused) > 200
    items = complete(text.replace("|", ""), text.index("|")).items
    assert not refused & {item.label for item in items if item.kind == "type"}


CODE = [text.replace("|", "", 1) for text, *_ in OFFERED]
PIECES = st.sampled_from(
    ["(", ")", "{", "}", ";", ".", ",", "x", "new ", '"', '$"{', "<", ">", "=>", " in ", "\n", "@"]
)


@settings(max_examples=60)
@given(st.sampled_from(CODE), st.data())
def test_no_edit_makes_it_raise(code: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(code)))
        end = min(len(code), start + data.draw(st.integers(0, 6)))
        code = code[:start] + data.draw(PIECES) + code[end:]
    for caret in {0, len(code), data.draw(st.integers(0, len(code)))}:
        complete(code, caret)


@pytest.mark.skipif(not figures.CORPUS.exists(), reason="the corpus of real expressions is not here")
@nightly
def test_the_names_of_real_expressions_are_offered() -> None:
    words = figures.measure_words(60, 3)
    assert words["keywords"][0] >= 0.9 * words["keywords"][1]
    assert words["identifiers"][0] >= 0.95 * words["identifiers"][1]
    found = figures.measure(150, 3)
    whole = found.pop("whole").count
    assert whole["offered"] >= 0.99 * whole["asked"]
    assert whole["first five after 0"] >= 0.8 * whole["ranked"]
    broken = sum((figure.count for figure in found.values()), start=type(whole)())
    assert broken["offered"] >= 0.95 * broken["asked"]
