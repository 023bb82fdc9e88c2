"""Services in Terraform, Bicep and extracts as hypothesis strategies: everything is known, and every API checks tokens.

A piece of a service is what can be missing: the value of a parameter, or a file (of a module, a policy, a fragment).
"""

from __future__ import annotations

import json
from typing import NamedTuple

from hypothesis import strategies as st

_CHECK = (
    '<check-header name="Authorization" failed-check-httpcode="401" failed-check-error-message="no"'
    ' ignore-case="true" /><validate-azure-ad-token tenant-id="contoso.onmicrosoft.com"><client-application-ids>'
    "<application-id>a</application-id></client-application-ids></validate-azure-ad-token>"
)
_FRAGMENT = '<include-fragment fragment-id="check" />'
_BASES = "<backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error>"
_GLOBAL = "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>"


class Made(NamedTuple):
    """The files of a service, and its pieces: a file, a text in it, and the text without the value.

    A piece without texts is the whole file.
    """

    files: dict[str, str]
    pieces: list[tuple[str, str, str]]

    def without(self, pieces: list[tuple[str, str, str]]) -> dict[str, str]:
        found = dict(self.files)
        for name, old, new in pieces:
            if not old:
                found.pop(name, None)
            elif name in found:
                found[name] = found[name].replace(old, new)
        return found


@st.composite
def _policies(draw: st.DrawFn) -> str:
    """Return a policy that checks a token, itself or in a fragment; `#id#` and a backend may come after."""
    check = draw(st.sampled_from((_CHECK, _FRAGMENT)))
    after = draw(
        st.sampled_from(
            (
                "",
                '<set-header name="x" exists-action="override"><value>#id#</value></set-header>',
                '<set-backend-service backend-id="one" />',
                '<choose><when condition="@(context.Request.Method == &quot;GET&quot;)"><set-backend-service'
                ' backend-id="one" /></when></choose>',
            )
        )
    )
    return f"<policies><inbound><base />{check}{after}</inbound>{_BASES}</policies>"


_TERRAFORM = """variable "{v}" {{}}
resource "azurerm_api_management_api" "{n}" {{
  {each}
  name = {name}
  path = {path}
  protocols = ["https"]
  subscription_required = false
  service_url = "https://one.example"
}}
"""
_ATTACHED = """resource "azurerm_api_management_api_policy" "{n}" {{
  {each}
  api_name = {api}
  xml_content = {text}
}}
"""
_TEXTS = (
    ('file("{n}.xml")', ""),
    ("file(var.{v})", '"{n}.xml"'),
    ('file("${{var.{v}}}.xml")', '"{n}"'),
    ('replace(file("{n}.xml"), "#id#", var.{v})', '"x"'),
    ('templatefile("{n}.xml", {{ id = var.{v} }})', '"x"'),
    ('var.{v} ? file("{n}.xml") : null', "true"),
)
"""The text of a policy, and the value of its parameter."""
_EACH = (
    ("", ""),
    ("count = var.{v} ? 1 : 0", "true"),
    ("for_each = toset(var.{v})", '["{n}"]'),
    ("for_each = {{ for key, name in var.{v} : key => name }}", '{{ {n} = "{n}" }}'),
)
"""How often an API and its policy are made, and the value of the parameter."""


@st.composite
def terraform(draw: st.DrawFn) -> Made:
    files = {
        ".git/HEAD": "",
        "check.xml": f"<fragment>{_CHECK}</fragment>",
        "main.tf": 'resource "azurerm_api_management" "apim" { name = "contoso" }\n'
        'resource "azurerm_api_management_policy_fragment" "check" {\n  name = "check"\n'
        '  value = file("check.xml")\n}\n'
        'variable "backends" {}\nresource "azurerm_api_management_backend" "all" {\n'
        '  for_each = toset(var.backends)\n  name = each.key\n  url = "https://one.example"\n}\n'
        'resource "azurerm_api_management_backend" "other" {\n  name = "other"\n  url = "https://other.example"\n}\n',
        "terraform.tfvars": 'backends = ["one"]\n',
    }
    for number in range(draw(st.integers(1, 3))):
        n = f"api{number}"
        files[f"{n}.xml"] = draw(_policies())
        (each, count), (text, value) = draw(st.sampled_from(_EACH)), draw(st.sampled_from(_TEXTS))
        names = {"n": n, "v": f"{n}_value"}
        loop, key = each.format(n=n, v=f"{n}_each"), "each.key" if "for_each" in each else f'"{n}"'
        files["main.tf"] += _TERRAFORM.format(n=n, v=f"{n}_each", each=loop, name=key, path=f'"{n}"')
        files["main.tf"] += f'variable "{n}_value" {{}}\n'
        attached = _ATTACHED.format(n=n, each=loop, api=key, text=text.format(**names))
        if draw(st.booleans()) or count or value:
            files["main.tf"] += attached
        else:
            files["main.tf"] += f'module "{n}" {{\n  source = "./{n}"\n  api = "{n}"\n}}\n'
            files[f"{n}/main.tf"] = 'variable "api" {}\n' + attached.replace(f'api_name = "{n}"', "api_name = var.api")
        for variable, given in ((f"{n}_each", count), (f"{n}_value", value)):
            files["terraform.tfvars"] += f"{variable} = {given.format(n=n)}\n" if given else ""
    lines = files["terraform.tfvars"].splitlines(keepends=True)
    pieces = [("terraform.tfvars", line, "") for line in lines]
    return Made(files, pieces + [(name, "", "") for name in files if name not in (".git/HEAD", "main.tf")])


@st.composite
def bicep(draw: st.DrawFn) -> Made:
    kind = "Microsoft.ApiManagement/service"
    files = {
        ".git/HEAD": "",
        "check.xml": f"<fragment>{_CHECK}</fragment>",
        "main.bicep": f"resource apim '{kind}@2022-08-01' = {{ name: 'contoso' }}\n"
        f"resource check '{kind}/policyFragments@2022-08-01' = {{\n  parent: apim\n  name: 'check'\n"
        "  properties: { format: 'rawxml', value: loadTextContent('check.xml') }\n}\n"
        f"param backends array = ['one']\nresource all '{kind}/backends@2022-08-01' = [for name in backends: {{\n"
        "  parent: apim\n  name: name\n  properties: { url: 'https://one.example', protocol: 'http' }\n}]\n"
        f"resource other '{kind}/backends@2022-08-01' = {{\n  parent: apim\n  name: 'other'\n"
        "  properties: { url: 'https://other.example', protocol: 'http' }\n}\n",
    }
    pieces = [("main.bicep", " = ['one']\n", "\n"), ("check.xml", "", "")]
    for number in range(draw(st.integers(1, 3))):
        n = f"api{number}"
        files[f"{n}.xml"] = draw(_policies())
        pieces.append((f"{n}.xml", "", ""))
        text, type_, value = draw(
            st.sampled_from(
                (
                    (f"loadTextContent('{n}.xml')", "", ""),
                    (f"replace(loadTextContent('{n}.xml'), '#id#', {n}Value)", "string", f"'{n}'"),
                    (f"{n}Value ? loadTextContent('{n}.xml') : ''", "bool", "true"),
                )
            )
        )
        before, type_2, value_2, after = draw(
            st.sampled_from(
                (
                    ("", "", "", ""),
                    (f"if ({n}Each) ", "bool", "true", ""),
                    (f"[for one in {n}Each: ", "array", f"['{n}']", "]"),
                )
            )
        )
        name = "one" if after else f"'{n}'"
        for parameter, kind_of, given in ((f"{n}Value", type_, value), (f"{n}Each", type_2, value_2)):
            if kind_of:
                files["main.bicep"] += f"param {parameter} {kind_of} = {given}\n"
                pieces.append(("main.bicep", f"{parameter} {kind_of} = {given}\n", f"{parameter} {kind_of}\n"))
        files["main.bicep"] += (
            f"resource {n} '{kind}/apis@2022-08-01' = {before}{{\n  parent: apim\n  name: {name}\n  "
            f"  properties: {{ path: '{n}', protocols: ['https'], subscriptionRequired: false,"
            " serviceUrl: 'https://one.example' }\n"
            f"}}{after}\n"
            f"resource {n}Policy '{kind}/apis/policies@2022-08-01' = {before}{{\n"
            f"  name: '${{apim.name}}/${{{name}}}/policy'\n"
            f"  properties: {{ format: 'rawxml', value: {text} }}\n}}{after}\n"
        )
    return Made(files, pieces)


@st.composite
def extracts(draw: st.DrawFn) -> Made:
    """Return an extract of a whole service; without a policy.xml it is a part of a shared one."""
    files = {
        ".git/HEAD": "",
        "policy.xml": _GLOBAL,
        "loggers/log/loggerInformation.json": '{"properties": {"loggerType": "azureEventHub"}}',
        "policy fragments/check/policy.xml": f"<fragment>{_CHECK}</fragment>",
    }
    for name in ("one", "other"):
        information = {"properties": {"url": f"https://{name}.example", "protocol": "http"}}
        files[f"backends/{name}/backendInformation.json"] = json.dumps(information)
    for number in range(draw(st.integers(1, 3))):
        n = f"api{number}"
        information = {"path": n, "protocols": ["https"], "subscriptionRequired": False}
        files[f"apis/{n}/apiInformation.json"] = json.dumps(
            {"properties": {**information, "serviceUrl": "https://one.example"}}
        )
        files[f"apis/{n}/policy.xml"] = draw(_policies())
    pieces = [name for name in files if name.startswith("apis/") and name.endswith(".json")]
    return Made(files, [(name, "", "") for name in ("policy.xml", "policy fragments/check/policy.xml", *pieces)])
