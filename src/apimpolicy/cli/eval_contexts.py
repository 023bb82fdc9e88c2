"""Contexts for `apimpolicy eval`: from a file, or a plain one; and the surroundings in which they are evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checkout import open_text
from apimpolicy.context.execution import Context
from apimpolicy.dotnet.environment import Environment, use_environment
from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.cryptography.chain import TrustStore


class Contexts:
    """The contexts of a file (see `apimpolicy.context.loading`); without a file there is one, a GET request for `/`.

    `text` is that of the file.
    """

    def __init__(self, path: str | None) -> None:
        self._makers: dict[str, Callable[[], Context]] = {"": Context}
        self._trust: TrustStore | None = None
        self._path = path
        self.text = ""
        if path is not None:
            from apimpolicy.checkout import open_text
            from apimpolicy.context.loading import load_contexts

            self._makers = load_contexts(path)
            with open_text(path) as file:
                self.text = file.read()
            if not self._makers:
                raise ConfigurationError(f"{path} holds no contexts")
            self._trust = _trust(path)

    def environment(self) -> use_environment:
        """Fresh surroundings for one evaluation: full limits, and the trust of the file."""
        return use_environment(Environment(trust=self._trust))

    def make(self, name: str | None) -> Context:
        """Return a fresh context. Raises ConfigurationError when there is none of that name."""
        maker = next(iter(self._makers.values())) if name is None else self._makers.get(name)
        if maker is None:
            where = self._path or "the command line (there is no --context)"
            known = ", ".join(filter(None, self._makers))
            raise ConfigurationError(
                f"there is no context '{name}' in {where}" + (f"; there are {known}" if known else "")
            )
        return maker()


def _trust(path: str) -> TrustStore | None:
    """Trust those of the file's `certs` that issued another one; no revocation list can be reached.

    This matches the machine that made the answers of the conformance suite.
    """
    import json

    from apimpolicy.context.loading import read_certificates
    from apimpolicy.dotnet.cryptography.chain import TrustStore

    with open_text(path, encoding="utf-8") as file:
        certificates = read_certificates(json.load(file).get("certs") or {}).values()
    issuers = {found.issuer for found in certificates if not found.is_self_issued}
    roots = [found for found in certificates if found.is_self_issued and found.subject in issuers]
    return TrustStore(roots, unreachable=lambda _: True)
