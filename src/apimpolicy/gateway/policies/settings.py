"""Settings of a gateway, each declared once: its kind, its default, what it may be, and what it means.

    class Behaviour(Declared):
        seed: int | None = setting(default=0)
        \"""The seed of random numbers and ids, so that runs can be repeated.\"""

From the declaration come the keyword of `Gateway`, the key of `apimpolicy.toml` and of test files (with hyphens), the
checks, the JSON schema and the page of the reference. Code reads a setting as `gateway.seed`, a policy
`exchange.services.settings.seed`. Settings that are more than one plain value are declared in
`apimpolicy.gateway.engine.gateway_settings`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal, dataclass_transform

from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from inspect import Signature

    from apimpolicy.gateway.context.records import Request

_KINDS: dict[str, type] = {"bool": bool, "int": int, "float": float, "str": str, "list[str]": list}
_BRACKETS = re.compile(r"\[[^\]]*\]+")
_NO_TEXTS = frozenset(("None", "bool", "int", "float", "Mapping", "Iterable", "Sequence", "Service", "Callable"))
"""Types of settings of which no text is one. Of others, a text may be short for a value."""
_HINTS = {"service": ": load_gateway(folder) reads the service in a folder"}


class Setting:
    """One setting: its name, its default, its kind by the annotation, and the least and the greatest number."""

    __slots__ = ("annotation", "choices", "default", "is_no_text", "name", "within")

    def __init__(self, default: object, within: tuple[float, float] | None = None) -> None:
        self.default = default
        self.within = within
        self.name = self.annotation = ""
        self.choices: tuple[str, ...] = ()
        self.is_no_text = False

    def declare(self, name: str, annotation: str) -> None:
        """Take the name and the kind from the class body."""
        self.name, self.annotation = name, annotation
        if annotation.startswith("Literal["):
            self.choices = tuple(text.strip(" '\"") for text in annotation[len("Literal[") : -1].split(","))
        kinds = _BRACKETS.sub("", annotation).split(" | ")
        self.is_no_text = _NO_TEXTS.issuperset(kinds)

    @property
    def key(self) -> str:
        return self.name.replace("_", "-")

    @property
    def kind(self) -> type:
        """Return the type of the setting in files."""
        return str if self.choices else _KINDS[self.annotation.partition(" | ")[0]]

    def check(self, value: object) -> None:
        """Raise ConfigurationError for a text that is none of the choices or none at all, or a number not within."""
        if self.within is not None and isinstance(value, (int, float)):
            least, greatest = self.within
            if not least <= value <= greatest:
                raise ConfigurationError(f"{self.name} is a number from {least:,} to {greatest:,}, not {value:,}")
        if self.is_no_text and isinstance(value, str):
            raise ConfigurationError(
                f"{self.name} is {self.annotation}, not the text {value!r}{_HINTS.get(self.name, '')}"
            )
        if self.choices and value not in self.choices:
            listed = ", ".join(map(repr, self.choices[:-1])) + f" or {self.choices[-1]!r}"
            raise ConfigurationError(f"{self.name} is {listed}, not {value!r}")


def unknown_setting(name: str, owner: type[DeclaredSettings]) -> str:
    """Return a sentence about a name that isn't declared, with the one that is meant."""
    from difflib import get_close_matches

    near = get_close_matches(name.replace("-", "_"), owner.declared, 1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    return f"'{name}' is not a setting of {owner.__name__.removesuffix('Settings')}{hint}"


def setting(*, default: Any, within: tuple[float, float] | None = None) -> Any:
    """Declare a setting; there is this value where none is given, and a number is `within` the two."""
    return Setting(default, within)


def meanings(owner: type[DeclaredSettings]) -> dict[str, str]:
    """Return each setting's meaning, wider classes first: the texts below the declarations."""
    import ast
    import inspect
    from itertools import pairwise

    found: dict[str, str] = {}
    for base in reversed(owner.__mro__[:-1]):
        body = ast.parse(inspect.cleandoc("\n" + inspect.getsource(base))).body[0]
        assert isinstance(body, ast.ClassDef)
        for declaration, text in pairwise(body.body):
            match declaration, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as said)):
                    found[name] = " ".join(said.split())
    return {name: found[name] for name in owner.declared}


class _KeywordSignature:
    """The signature of a class with settings, for `help` and for editors that ask a running Python."""

    def __get__(self, instance: object, owner: type[DeclaredSettings]) -> Signature:
        from inspect import Parameter, Signature

        keyword = Parameter.KEYWORD_ONLY
        return Signature(
            [
                Parameter(name, keyword, default=declared.default, annotation=declared.annotation)
                for name, declared in owner.declared.items()
            ]
        )


@dataclass_transform(kw_only_default=True, field_specifiers=(setting,))
class DeclaredSettings:
    """A class whose keywords are its settings. Raises TypeError for others, ConfigurationError for a wrong value."""

    declared: ClassVar[dict[str, Setting]] = {}
    __signature__: ClassVar[Any] = _KeywordSignature()

    def __init_subclass__(cls) -> None:
        own: dict[str, Setting] = {}
        for name, value in vars(cls).items():
            if isinstance(value, Setting):
                value.declare(name, cls.__annotations__[name])
                own[name] = value
        cls.declared = {**cls.declared, **own}

    def __init__(self, **given: Any) -> None:
        for name in given:
            if name not in self.declared:
                raise TypeError(unknown_setting(name, type(self)))
        for name, declared in self.declared.items():
            value = given.get(name, declared.default)
            declared.check(value)
            setattr(self, name, value)
        self._given = tuple(given)
        self.__init_settings__()

    def __repr__(self) -> str:
        return f"<{' '.join((type(self).__name__, ', '.join(self._given))).rstrip()}>"

    def __init_settings__(self) -> None:
        """Prepare a class when all of its settings are there."""


class Behaviour(DeclaredSettings):
    """The gateway's behaviour where Azure leaves a choice, or documents are open or differ from observations."""

    origin: str = setting(default="https://contoso.azure-api.net")
    """Scheme and host of requests whose URL begins with `/`."""

    tier: Literal["consumption", "developer", "classic", "v2", "self-hosted"] = setting(default="classic")
    """The tier of the gateway. "v2" has token buckets for limits of calls and tokens, all others a sliding window;
    "self-hosted" has its own words for failed connections and in traces. "developer" is like "classic" (Basic,
    Standard and Premium). A service in infrastructure code has the tier of its SKU, unless this is set."""

    over_capacity: bool | Callable[[Request], bool] = setting(default=False)
    """Respond 429 before any policy, as a gateway over its capacity does: a bool, or a function of a `Request`."""

    seed: int | None = setting(default=0)
    """The seed of random numbers and ids, so that runs can be repeated."""

    second_read: Literal["empty", "error", "again"] = setting(default="empty")
    """The second read of a body: "empty" reads nothing, "error" throws, "again" reads the body."""

    unbuffered_body: Literal["by-tier", "empty", "again", "error"] = setting(default="by-tier")
    """The body of a second forward-request, if `buffer-request-body` was off for the first: "empty", "again", or
    "error", which fails with ProtocolViolation. "by-tier" is "error" in the classic tiers (seen), "empty" in others."""

    missing_section: Literal["inherit", "skip"] = setting(default="inherit")
    """"inherit" treats a missing section as one with nothing but `<base />`; "skip" as an empty one."""

    missing_revocation_list: Literal["unknown", "empty"] = setting(default="unknown")
    """"unknown", as in .NET, makes `Verify()` false for a certificate whose authority publishes no list; "empty" takes
    such a certificate for not revoked."""

    refused_certificate_status: int = setting(default=401)
    """The status code when validate-client-certificate refuses."""

    allows_new_body: bool = setting(default=False)
    """Let set-body add a body to a GET or HEAD request without one, where the documentation says it throws."""

    cors_needs_base: bool = setting(default=False)
    """Leave out the cors policies of wider scopes where inbound has no `<base />`, as the documentation has it; a trace
    of a real gateway shows the global one at work there."""

    mcp_headers: Literal["forwarded", "none"] = setting(default="forwarded")
    """The headers that operations get from the caller of a tool and from set-header in the scope of the MCP server:
    "forwarded", all but keys, or "none", as before November 2025."""

    mcp_global: Literal["twice", "once"] = setting(default="twice")
    """The global policy in a call of a tool: "twice" runs it for the MCP server and for the operation, "once" only for
    the MCP server. No source states which."""

    dotnet: Literal["core", "framework"] = setting(default="core")
    """"core" for the messages of .NET 5 and later, "framework" for those of .NET Framework, where that of a failed cast
    is only "Specified cast is not valid."; both were seen on real gateways."""

    def behaviour(self) -> Behaviour:
        """Return these settings alone, without the gateway."""
        return Behaviour(**{name: getattr(self, name) for name in Behaviour.declared})
