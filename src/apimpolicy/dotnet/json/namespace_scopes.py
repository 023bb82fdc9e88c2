"""Prefixes and their namespaces while XML becomes JSON, as `XmlNamespaceManager` does."""

from __future__ import annotations

from apimpolicy.dotnet.xml.names import XML, XMLNS


class NamespaceScopes:
    """A stack of scopes; the innermost declaration of a prefix counts."""

    __slots__ = ("_scopes",)

    def __init__(self) -> None:
        self._scopes: list[dict[str, str]] = [{"xmlns": XMLNS.name, "xml": XML.name}]

    def push(self) -> None:
        self._scopes.append({})

    def pop(self) -> None:
        self._scopes.pop()

    def declare(self, prefix: str, namespace: str) -> None:
        self._scopes[-1][prefix] = namespace

    def namespace(self, prefix: str) -> str | None:
        return next((scope[prefix] for scope in reversed(self._scopes) if prefix in scope), None)

    def prefix(self, namespace: str) -> str | None:
        """Return the prefix declared last for a namespace that no inner declaration hides."""
        for scope in reversed(self._scopes):
            for prefix in reversed(scope):
                if scope[prefix] == namespace == self.namespace(prefix):
                    return prefix
        return None
