"""Advice to change a setting, in the words of the place where it is read: a command, a file, a test, Python."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import NamedTuple


class Surface(Enum):
    """Where a reader can follow advice; the value is how a setting is written there."""

    LIBRARY = "Gateway({name}={python})"
    CONFIGURATION = "{key} = {toml}, at the top of apimpolicy.toml"
    OPTIONS = "{key} = {toml}, at the top of apimpolicy.toml (or {option})"
    TEST_FILE = "{key}: {toml}, below 'gateway' of the case or of 'defaults'"
    FIXTURE = "apim.configure({name}={python})"


_surface: ContextVar[Surface] = ContextVar("surface", default=Surface.LIBRARY)


def word_advice_for(surface: Surface) -> None:
    """Word advice for this surface from now on."""
    _surface.set(surface)


@contextmanager
def worded_for(surface: Surface) -> Iterator[None]:
    """Word advice for this surface inside of the block."""
    before = _surface.set(surface)
    try:
        yield
    finally:
        _surface.reset(before)


class Advice(NamedTuple):
    """A setting of the gateway by its key in files, its value there and in Python, and the options that give it.

    `call` is what the fixture `apim` has for it besides `configure`.
    """

    key: str
    toml: str
    python: str
    option: str
    call: str = ""

    def __str__(self) -> str:
        surface = _surface.get()
        if surface is Surface.FIXTURE and self.call:
            return self.call
        return surface.value.format(name=self.key.replace("-", "_"), **self._asdict())


NEGOTIATE = Advice("negotiate-client-certificate", "true", "True", "--negotiate")
TRUST = Advice(
    "trusted-roots", '["ca.pem"]', '[Certificate.load("ca.pem")]', "--trusted-root ca.pem", "apim.trust(authority)"
)
REVOCATION_LISTS = Advice("revocation-lists", '["ca.crl"]', '[Path("ca.crl").read_bytes()]', "--revocation-list ca.crl")


def give_missing_part() -> str:
    """Return how to give a service a part that it lacks."""
    load = {Surface.LIBRARY: "load the service", Surface.FIXTURE: "call apim.load(…)"}.get(_surface.get())
    return "Give it in apimpolicy.toml" + (f", or {load} with stand_ins=True" if load else "")
