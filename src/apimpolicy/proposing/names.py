"""Inputs for what comes from outside, beside the request: responses, tokens, cached values, chance.

Each input prefers the value of the smallest and most readable request. A preference is a literal that a question
assumes, and gives up where there is no model with it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeGuard

from apimpolicy.languages.patterns import language_of
from apimpolicy.semantics import json_trees
from apimpolicy.semantics.inputs import Inputs
from apimpolicy.semantics.unknowns import Unknowns
from apimpolicy.semantics.values import ABSENT, NULL, Host, Json, Number, Opaque, Text, Value, merge
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from collections.abc import Hashable

    from apimpolicy.languages.language import Language
    from apimpolicy.terms.term import Term

RESPONSES = ("answer", "sent", "response")
"""The kinds of responses: of the backend, of other services, and the one with which a section begins."""
FIELD = language_of(r"^([!-~]([ -~]*[!-~])?)?\z")
PRINTABLE = language_of(r"^[ -~]*\z")
PATH = language_of(r"^/([A-Za-z0-9_.~-]+/?)*\z")
HOST = language_of(r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\z")
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
ADDRESS = language_of(rf"^{_OCTET}(\.{_OCTET}){{3}}\z")
_METHODS = language_of(r"^(GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS)\z")
_USUAL = language_of(r"^(GET|POST)\z")
_WORDS = language_of(r"^[A-Za-z0-9_.~/:@-]+\z")
_EITHER_WAY = ("truth", "valid", "object", "string")
"""Inputs that are as readable one way as the other."""


class ProposedUnknowns(Unknowns):
    """The variables of proposals: `preferences` are literals, with whether they are given up before others."""

    is_optimistic = True

    def __init__(self) -> None:
        super().__init__()
        self.preferences: dict[Term, bool] = {}
        self.counts: Counter[Hashable] = Counter()
        self.properties: dict[Hashable, tuple[Text, Json]] = {}
        """The names and values of members of JSON objects whose names no expression writes, by the keys of these."""
        self.providers: tuple[str, ...] = ()
        """The providers of tokens for which a caller can have a token."""

    def prefer(self, variable: Term, fact: Term, *, weakly: bool) -> None:
        """Prefer that a fact about a variable is true."""
        literal = self.variable(f"preference {len(self.preferences)} for {variable}", terms.TRUTH)
        self.preferences[literal] = weakly
        self.know(variable, terms.any_of(terms.not_(literal), fact))

    def fresh(self, sort: str, what: str, key: Hashable = None) -> Term:
        made = super().fresh(sort, what, key)
        if sort == terms.TRUTH:  # what a policy casts to is mostly right
            self.prefer(made, made if what.startswith("whether an object is") else terms.not_(made), weakly=True)
        else:
            usual = terms.text("x") if sort == terms.TEXT else terms.number(1)
            same = terms.same(made, usual) if sort == terms.TEXT else terms.equal(made, usual)
            self.prefer(made, same, weakly=True)
        return made

    def chance(self, what: str) -> Term:
        made = super().chance(what)
        self.prefer(made, terms.not_(made), weakly=True)
        return made

    def change(self) -> None:
        """Keep objects as they are: a run shows what a policy changes."""

    def use_up(self) -> None:
        """Keep bodies as they are."""

    def input(self, key: Hashable, sort: str) -> Term:
        is_new = key not in self.inputs
        made = super().input(key, sort)
        if is_new and isinstance(key, tuple):
            self._restrict(key, made)
        return made

    def _restrict(self, key: tuple[Hashable, ...], made: Term) -> None:
        if made.sort == terms.TRUTH and key[-1] not in _EITHER_WAY:
            self.prefer(made, terms.not_(made), weakly=False)
        if key[0] == "json" and key[-1] == json_trees.KINDS[-1]:  # fractions and dates have no form
            marks = [self.input((*key[:-1], each), terms.TRUTH) for each in json_trees.KINDS]
            self.know(made, terms.any_of(*marks))
        if made.sort != terms.TEXT or key[-1] == "digits":
            return
        of_url = {"Path": PATH, "Host": HOST}.get(str(key[-1]))
        languages = {"header": FIELD, "address": ADDRESS, "url": of_url, "method": None}
        language = languages.get(str(key[0]), PRINTABLE)
        if language is not None:
            self.know(made, terms.member(made, language))
        if key[0] == "method":
            self.prefer(made, terms.member(made, _METHODS), weakly=False)
            self.prefer(made, terms.member(made, _USUAL), weakly=False)
        elif language in (PRINTABLE, FIELD):
            self.prefer(made, terms.member(made, _WORDS), weakly=False)

    # Inputs by name

    def truth_of(self, *key: str) -> Term:
        """Return a Boolean input."""
        return self.input(key, terms.TRUTH)

    def text_of(self, *key: str, language: Language | None = None) -> Text:
        """Return an input that is a text."""
        made = self.input(key, terms.TEXT)
        if language is not None:
            self.know(made, terms.member(made, language))
        return Text(made)

    def number_of(self, *key: str, least: int = 0, most: int = (1 << 31) - 1, type_: str = "int") -> Number:
        """Return an input that is a number."""
        is_new = key not in self.inputs
        made = self.input(key, terms.NUMBER)
        if is_new:
            inside = terms.at_most(terms.number(least), made), terms.at_most(made, terms.number(most))
            self.know(made, *inside)
        return Number(made, type_)

    def field_of(self, *key: str) -> Value:
        """Return a text that may be missing."""
        return merge(self.truth_of(*key, "there"), self.text_of(*key), ABSENT)

    def status_of(self, response: Opaque) -> Value:
        if is_response(response.identity):
            return ProposedInputs(self).make(("status", ""), response.identity)
        return super().status_of(response)

    def tree_of(self, *key: str) -> Value:
        """Return a value of any type: a variable, what a cache has."""
        token = Json((json_trees.OUTSIDE, key), (), 0)
        return merge(json_trees.kind_of(self, token, "null"), NULL, token)

    def number_in_order(self, kind: Hashable) -> str:
        """Return the number of a thing among those of its kind, from 0."""
        self.counts[kind] += 1
        return str(self.counts[kind] - 1)

    def keys(self) -> dict[Term, tuple[str, ...]]:
        """Return the keys of inputs by their variables."""
        return {variable: key for key, variable in self.inputs.items() if isinstance(key, tuple)}


class ProposedInputs(Inputs):
    """The cells of proposals; those of responses have names."""

    unknowns: ProposedUnknowns

    def _make(self, kind: str, name: str, generation: Hashable) -> Value:
        if kind == "variable" and not generation:
            if self._variables is not None and name not in self._variables:
                return ABSENT
            return merge(
                self.unknowns.truth_of("variable", name, "there"), self.unknowns.tree_of("variable", name), ABSENT
            )
        if is_response(generation):
            match kind:
                case "response-body" if not name:
                    return Opaque(("service", generation), "IMessageBody", 0)
                case "reason":
                    return self.unknowns.text_of(*generation, "reason")
                case "status":
                    return self.unknowns.number_of(*generation, "status", least=200, most=599)
        return super()._make(kind, name, generation)

    def _truth(self, key: tuple[str, ...], generation: Hashable) -> Term:
        if is_response(generation):
            return self.unknowns.truth_of(*_in_response(key, generation))
        return super()._truth(key, generation)

    def _text(self, key: tuple[str, ...], generation: Hashable, language: Language | None) -> Term:
        if is_response(generation):
            return self.unknowns.text_of(*_in_response(key, generation), language=FIELD).term
        return super()._text(key, generation, language)


def _in_response(key: tuple[str, ...], generation: tuple[str, ...]) -> tuple[str, ...]:
    return (*generation, "header", *key[1:]) if key[0] == "response-header" else (*generation, *key)


def is_response(generation: Hashable) -> TypeGuard[tuple[str, ...]]:
    """Return whether a generation of cells is that of a response."""
    return isinstance(generation, tuple) and generation[0] in RESPONSES


def fields_of_response(unknowns: ProposedUnknowns, inputs: ProposedInputs, key: tuple[str, ...]) -> Host:
    """Return the headers of the response to a request that a policy sent."""
    return Host("|".join(key), cells=lambda name: inputs.make(("response-header", name.lower()), key))
