"""The options that `run` and `explain` share: the policy, the request, the certificate, the gateway."""

from __future__ import annotations

import datetime
import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apimpolicy.cli.commands import (
    configuration_option,
    is_verbose,
    secrets_option,
    selects_environment,
    selects_service,
    show_stand_ins,
    together,
    with_stand_ins,
)
from apimpolicy.cli.program import say
from apimpolicy.errors import ConfigurationError, PolicySyntaxError
from apimpolicy.gateway.context.headers import Headers
from apimpolicy.gateway.context.records import Request
from apimpolicy.gateway.engine.mcp.clients import call_message
from apimpolicy.gateway.engine.mcp.clients import to_server as request_to_server
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.report.advice import Surface, word_advice_for

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.service import Service
    from apimpolicy.gateway.engine.steps import Program

token_options = together(
    click.option("--token", metavar="PROVIDER", help="A token of this provider of [openid-providers], or a stand-in."),
    click.option(
        "--claim", "claims", multiple=True, metavar="NAME=VALUE", help="A claim of the token; may be repeated."
    ),
    click.option("--expired", "is_expired", is_flag=True, help="A token that has expired."),
)

_all_options = together(
    click.argument("policy", metavar="POLICY"),
    click.option(
        "--scope", "scopes", multiple=True, metavar="SCOPE=FILE", help="The policy of another scope, e.g. global=g.xml."
    ),
    click.option("--get", "get_url", metavar="URL", help="A GET request; a URL may begin with /."),
    click.option("--request", "request_file", metavar="FILE", help="The request as an .http file."),
    click.option("--method", metavar="METHOD", help="The request's method."),
    click.option("--url", metavar="URL", help="The request's URL."),
    click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header; may be repeated."),
    click.option("--mcp", metavar="SERVER", help="A request to this MCP server of the service: tools/list, or --tool."),
    click.option("--tool", metavar="NAME", help="The tool of --mcp to call."),
    click.option("--arguments", metavar="JSON", help="The arguments of --tool; @FILE reads them from a file."),
    token_options,
    click.option("--no-token", is_flag=True, help="Send no Authorization header, even if --request has one."),
    click.option("--body", metavar="TEXT", help="The request's body; @FILE reads it from a file."),
    click.option("--ip-address", metavar="ADDRESS", default="127.0.0.1", help="The caller's address."),
    click.option("--certificate", metavar="FILE", help="The caller's client certificate: PEM, DER or PKCS#12."),
    click.option("--password", metavar="TEXT", help="The password of --certificate."),
    click.option("--negotiate/--no-negotiate", default=None, help="Turn 'Negotiate client certificate' on or off."),
    click.option("--trusted-root", "roots", multiple=True, metavar="FILE", help="An authority that Verify() trusts."),
    click.option("--revocation-list", "lists", multiple=True, metavar="FILE", help="A revocation list, PEM or DER."),
    click.option(
        "--upload", "uploads", multiple=True, metavar="ID=FILE", help="A certificate uploaded to the gateway."
    ),
    click.option("--now", metavar="TIME", help="The gateway's time, such as 2026-06-01T12:00:00Z."),
    click.option("--named-value", "named_values", multiple=True, metavar="NAME=VALUE", help="A named value."),
    configuration_option,
    selects_environment,
    selects_service,
    with_stand_ins,
    secrets_option,
    click.option(
        "--format", "output", type=click.Choice(["text", "json"]), default="text", help="For people, or for programs."
    ),
)


def gateway_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return all options, for a command function that takes `settings: GatewayOptions` and what remains."""

    @functools.wraps(function)
    def command(**values: Any) -> Any:
        word_advice_for(Surface.OPTIONS)
        return function(GatewayOptions(values), **values)

    return _all_options(command)


class GatewayOptions:
    """The options of the gateway on the command line."""

    policy: str
    scopes: tuple[str, ...]
    get_url: str | None
    request_file: str | None
    method: str | None
    url: str | None
    headers: tuple[str, ...]
    mcp: str | None
    tool: str | None
    arguments: str | None
    token: str | None
    claims: tuple[str, ...]
    is_expired: bool
    no_token: bool
    body: str | None
    ip_address: str
    certificate: str | None
    password: str | None
    negotiate: bool | None
    roots: tuple[str, ...]
    lists: tuple[str, ...]
    uploads: tuple[str, ...]
    now: str | None
    named_values: tuple[str, ...]
    config: str | None
    output: str

    def __init__(self, values: dict[str, Any]) -> None:
        """Take the values that belong here out of `values`."""
        self.hint = ""
        for name in GatewayOptions.__annotations__:
            setattr(self, name, values.pop(name))
        for name, option in _TEXTS.items():
            given = getattr(self, name)
            for text in given if isinstance(given, tuple) else (given or "",):
                _check_text(text, option)

    def run(self) -> Result:
        """Send the request. Raises ConfigurationError, DiagnosticError, NotSimulatedError, click.UsageError."""
        request = self._request()
        gateway = self.service()[0] if self.is_service else self._gateway()
        if self.mcp is not None or self.tool is not None or self.arguments is not None:
            request = to_server(self, gateway, request, content_of(self.arguments))
        request = self._with_token(gateway, request)
        result = gateway.send(request) if self.is_service else gateway.run(self._policies(), request)
        if self.output == "text":
            self._show_stand_ins(gateway, result)
        self.hint = "" if self.no_token else _token_hint(gateway, request, result)
        return result

    def _show_stand_ins(self, gateway: Gateway, result: Result) -> None:
        """Print those that concern the answer, and how many others there are."""
        from apimpolicy.project.service.concerns import AllConcerns
        from apimpolicy.project.service.leniency import leniency

        if not leniency():
            return
        if not self.is_service or gateway.service is None:
            show_stand_ins(concerns=AllConcerns())
            return
        from apimpolicy.project.service.request_concerns import RequestConcerns

        show_stand_ins(concerns=RequestConcerns(gateway, gateway.service, result))

    def say_hint(self) -> None:
        """Print how to send a token, to whom it was refused for want of one."""
        if self.hint:
            say(self.hint)

    def _with_token(self, gateway: Gateway, request: Request) -> Request:
        """Return the request with the Authorization that the options name. Raises ConfigurationError, UsageError."""
        wants_token = self.token is not None or self.claims or self.is_expired
        if self.no_token and wants_token:
            raise click.UsageError("--no-token goes with neither --token nor --claim nor --expired")
        if not wants_token and not self.no_token:
            return request
        fields = [(name, value) for name, values in request.headers.fields() for value in values]
        fields = [(name, value) for name, value in fields if name.lower() != "authorization"]
        if wants_token:
            from apimpolicy.project.manual_requests import TokenWish, claims_of, token_of

            wish = TokenWish(self.token or "", claims_of(self.claims), self.is_expired)
            fields.append(("Authorization", f"Bearer {token_of(gateway, wish, request)}"))
        request.headers = Headers(fields)
        return request

    @property
    def is_service(self) -> bool:
        """Return whether a service is meant, by a folder or a configuration, and not one policy."""
        return os.path.isdir(self.policy) or self.policy.endswith(".toml")

    @property
    def has_request(self) -> bool:
        return bool(self.get_url or self.url or self.request_file or self.mcp)

    def effective_policies(self) -> Program:
        """Return the policies of all scopes that the request meets. Raises as `run` does."""
        if not self.is_service:
            gateway = self._gateway()
            return gateway.program(gateway.scopes(self._policies()))
        result = self.run()
        program = result.exchange.program
        assert program is not None
        error = result.error
        if error is not None and error.source in ("configuration", "authorization"):
            status = result.response.status_code
            say(f"the gateway refuses this request itself, with {status}: {error.message} Narrower scopes are missing.")
        return program

    def _gateway(self) -> Gateway:
        from apimpolicy.project.configuration import empty_configuration, load_configuration
        from apimpolicy.project.environments import find_configuration
        from apimpolicy.project.files import STANDARD_INPUT

        path = self.config or find_configuration("" if self.policy == STANDARD_INPUT else self.policy)
        configuration = load_configuration(path) if path is not None else empty_configuration()
        return self._with_more(configuration.gateway(policies=self._policies().values(), **self._overrides()))

    def service(self) -> tuple[Gateway, Service]:
        """Return the service in a folder, or of a configuration, with its gateway."""
        from apimpolicy.project.gateways import load_gateway, require_apis

        if self.scopes:
            raise click.UsageError("--scope needs a single policy; in a service, each policy already has a scope")
        gateway = self._with_more(load_gateway(self.policy, config=self.config, **self._overrides()))
        if gateway.service is None:
            raise ConfigurationError(f"{self.policy} describes no service: it has neither 'service' nor [apis.…]")
        return gateway, require_apis(gateway.service, self.policy)

    def _overrides(self) -> dict[str, Any]:
        """Return the settings that override the configuration."""
        values = dict(_pair(text, "--named-value", "NAME=VALUE") for text in self.named_values)
        found: dict[str, Any] = {"further_named_values": values}
        if self.negotiate is not None:
            found["negotiate_client_certificate"] = self.negotiate
        if self.roots:
            from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate

            found["trusted_roots"] = [Certificate.from_file(path) for path in self.roots]
        if self.lists:
            from apimpolicy.project.files import read_bytes

            found["revocation_lists"] = [read_bytes(path) for path in self.lists]
        if self.now is not None:
            found["now"] = _moment(self.now)
        return found

    def _with_more(self, gateway: Gateway) -> Gateway:
        """Return the gateway with what the command line adds to the configuration."""
        if self.output == "text" and is_verbose(click.get_current_context()):
            show_stand_ins()  # before the request: what it sends as a secret is hidden afterwards
        gateway.named_values.update(dict(_pair(text, "--named-value", "NAME=VALUE") for text in self.named_values))
        for text in self.uploads:
            from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate

            name, path = _pair(text, "--upload", "ID=FILE")
            gateway.certificates[name] = Certificate.from_file(path)
        return gateway

    def _policies(self) -> dict[str, Any]:
        """Return the documents by scope; POLICY is the API's. Raises ConfigurationError, PolicySyntaxError."""
        scopes = {"api": _readable(self.policy)}
        for text in self.scopes:
            scope, equals, path = text.partition("=")
            if not equals or not path:
                raise click.UsageError(f"--scope takes SCOPE=FILE, such as global=global.xml, not '{text}'")
            scopes[scope] = _readable(path)
        return scopes

    def _request(self) -> Request:
        named = [
            name
            for name, value in (("--get", self.get_url), ("--request", self.request_file), ("--url", self.url))
            if value
        ]
        if len(named) > 1:
            raise click.UsageError(f"{named[0]} and {named[1]} both name the request; use one of them")
        if self.get_url and self.method:
            raise click.UsageError("--get and --method do not go together; use --url with --method")
        headers = [_header(text) for text in self.headers]
        body = content_of(self.body)
        certificate = self._certificate()
        if self.request_file:
            from apimpolicy.project.files import MAXIMUM_MESSAGE_BYTES, read_bytes
            from apimpolicy.project.manual_requests import parse_request

            data = read_bytes(self.request_file, MAXIMUM_MESSAGE_BYTES)
            method, url, in_file, content = parse_request(data, self.request_file)
            headers = in_file + headers
            body = content if body is None else body
            method = self.method or method
        else:
            url = self.get_url or self.url or "/"
            method = self.method or ("GET" if body is None or self.get_url else "POST")
        return Request(method, url, headers=headers, body=body, certificate=certificate, ip_address=self.ip_address)

    def _certificate(self) -> Any:
        if self.certificate is None:
            if self.password is not None:
                raise click.UsageError("--password belongs to --certificate")
            return None
        from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate

        return Certificate.from_file(self.certificate, self.password)


def content_of(text: str | None) -> bytes | str | None:
    """Return a text, or the content of the file that it names as @FILE."""
    if text is None or not text.startswith("@"):
        return text
    from apimpolicy.project.files import MAXIMUM_MESSAGE_BYTES, read_bytes

    return read_bytes(text[1:], MAXIMUM_MESSAGE_BYTES)


def _token_hint(gateway: Gateway, request: Request, result: Result) -> str:
    """Return how to send a token, for a request that was refused because it has none; else an empty text."""
    error = result.error
    if error is None or not has_trait(error.source, "checks-token") or "Authorization" in request.headers:
        return ""
    from apimpolicy.project.manual_requests import issuers_of

    names = list(issuers_of(gateway))
    if not names:
        return ""
    which = f"--token {names[0]}" if len(names) == 1 else f"--token PROVIDER, one of {', '.join(names)}"
    return f"to send the token that this API expects, add {which}"


def _readable(path: str) -> Path | bytes:
    """Return the policy as the gateway takes it. Raises ConfigurationError and PolicySyntaxError."""
    from apimpolicy.project.files import STANDARD_INPUT, read_policy_file

    source, findings = read_policy_file(path)
    if findings:
        raise PolicySyntaxError(findings)
    return source.text.encode() if path == STANDARD_INPUT else Path(path)


_TEXTS = {
    "get_url": "--get",
    "url": "--url",
    "method": "--method",
    "headers": "--header",
    "body": "--body",
    "mcp": "--mcp",
    "tool": "--tool",
    "arguments": "--arguments",
    "password": "--password",
    "named_values": "--named-value",
}
"""Texts for requests or policies, by their option. Only names of files can contain bytes that are not UTF-8."""


def _check_text(text: str, option: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        more = "; a file may be anything: --body @FILE" if option == "--body" else ""
        raise click.UsageError(f"{option} takes text in UTF-8, not '{text}'{more}") from None


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise click.UsageError(f"--header takes 'Name: value', not '{text}'")
    return name.strip(), value.strip()


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"{option} takes {form}, not '{text}'")
    return name, value


def _moment(text: str) -> datetime.datetime:
    """Return a time; in UTC when it names no zone."""
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--now takes a time such as 2026-06-01T12:00:00Z, not '{text}'") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=datetime.UTC)


# The options `--mcp SERVER --tool NAME --arguments JSON`: a request to an MCP server.


def to_server(options: GatewayOptions, gateway: Gateway, request: Request, arguments: bytes | str | None) -> Request:
    """Return the request to the MCP server that --mcp names. Raises ConfigurationError, click.UsageError."""
    if options.mcp is None or (options.arguments is not None and options.tool is None):
        raise click.UsageError(
            "--tool and --arguments belong to --mcp SERVER" if options.mcp is None else "--arguments belongs to --tool"
        )
    others = {
        "--get": options.get_url,
        "--url": options.url,
        "--request": options.request_file,
        "--method": options.method,
        "--body": options.body,
    }
    name = next((name for name, value in others.items() if value is not None), None)
    if name is not None:
        raise click.UsageError(f"--mcp doesn't go with {name}")
    if not options.is_service or gateway.service is None:
        raise click.UsageError("--mcp needs a service, not one policy")
    content = call_message(options.tool, _arguments(arguments or "{}"))
    return request_to_server(gateway.service, options.mcp, content, request)


def _arguments(text: bytes | str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"--arguments isn't JSON: {error}") from None
    if not isinstance(found, dict):
        raise click.UsageError('--arguments takes a JSON object, such as {"id": "17"}')
    return found
