"""A generator of hostile checkouts: each function fills a folder that a stranger controls.

`outside` is a folder beside it, with a secret that nothing may read and files that nothing may change.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tests.sampling import IS_NIGHTLY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POLICY = "<policies><inbound><base /></inbound><backend><base /></backend><outbound /><on-error /></policies>\n"
BICEP = "resource s 'Microsoft.ApiManagement/service@2023-05-01-preview' = {\n"
VALUE = 'resource "azurerm_api_management_named_value" "v" {\n'
SECRET = "canary-4f1c-of-the-user"
API = 'resource "azurerm_api_management" "a" {\n  name = "a"\n}\n'
LETTERS = "a" * 200
GLOB = "*a" * 40 + "*b"
NAMES = (
    "/proc/self/environ",
    "/etc/hostname",
    "../outside/secret.txt",
    ".env",
    ".git/config",
    "vendor/secret.txt",
    "/dev/zero",
)
"""Files that a checkout has no business with; `vendor` is a link to `outside`."""


def _write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def links(folder: Path, outside: Path) -> None:
    """Links to folders and files outside, and links that lead nowhere."""
    (folder / "orders.xml").symlink_to(outside / "policy.xml")
    (folder / "own.xml").write_text(POLICY)
    (folder / "own.test.yaml").symlink_to(outside / "login.sh")
    (folder / "apis").symlink_to(outside)
    (folder / "report.finding_formats").symlink_to(outside / "report.finding_formats")
    (folder / ".gitignore").symlink_to(outside / "secret.txt")
    (folder / "main.tf").symlink_to(outside / "main.tf")
    (folder / "circle").symlink_to(folder)


def linked_configuration(folder: Path, outside: Path) -> None:
    """Configurations that are links."""
    (folder / "apimpolicy.toml").symlink_to(outside / "secret.txt")
    (folder / "orders.xml").write_text(POLICY)


def pipes(folder: Path, _: Path) -> None:
    """Pipes, which keep whoever opens them waiting."""
    for name in ("orders.xml", "main.tf", "main.bicep", "a.test.yaml", ".gitignore", "apimpolicy.toml", "a.json"):
        os.mkfifo(folder / name)
    (folder / "own.xml").write_text(POLICY)


def embedded_repository(folder: Path, _: Path) -> None:
    """A commit that holds a bare repository, whose configuration names a program."""
    apis = folder / "apis"
    for name in ("objects/info", "refs/heads"):
        (apis / name).mkdir(parents=True)
        (apis / name / ".keep").touch()
    command = f"touch {folder.parent}/it-ran; false"
    (apis / "HEAD").write_text("ref: refs/heads/main\n")
    (apis / "config").write_text(
        '[core]\n\trepositoryformatversion = 1\n\tbare = false\n\tworktree = .\n\tfsmonitor = "' + command + '"\n'
        "[extensions]\n\tpartialClone = origin\n"
        f'[remote "origin"]\n\turl = .\n\tpromisor = true\n\tuploadpack = "{command}"\n'
    )
    (apis / "policy.xml").write_text(POLICY)


def named_in_configuration(folder: Path, _: Path) -> None:
    """A configuration that names files all over the machine."""
    lines = ["openapi = '/proc/self/environ'", "trusted-roots = ['.env']", "[fragments]"]
    lines += [f"f{number} = {name!r}" for number, name in enumerate(NAMES)]
    lines += ["[backend]", "file = '.env'", "[schemas]", "s = '../outside/secret.txt'", "[certificates]", "c = '.env'"]
    lines += ["[serve]", "host = '0.0.0.0'", "allow-outside = true", "trust-proxy = ['0.0.0.0/0']"]
    _write(folder, **{"apimpolicy.toml": "\n".join(lines), "orders.xml": POLICY})


def named_in_tests(folder: Path, _: Path) -> None:
    """Test files that name files all over the machine."""
    for number, name in enumerate(NAMES):
        case = f"policy: orders.xml\ncases:\n  - request: {{post: /, file: {name}}}\n    expect: {{body: x}}\n"
        _write(folder, **{f"a{number}.test.yaml": case, f"p{number}.test.yaml": f"policy: {name}\ncases: []\n"})
    _write(folder, **{"orders.xml": POLICY})


def named_in_terraform(folder: Path, _: Path) -> None:
    """Terraform that puts files all over the machine into named values."""
    values = "".join(
        f'resource "azurerm_api_management_named_value" "v{number}" {{\n'
        f'  name = "v{number}"\n  display_name = "v{number}"\n'
        f'  value = file("${{path.module}}/{name}")\n}}\n'
        for number, name in enumerate(NAMES)
    )
    modules = "".join(f'module "m{number}" {{\n  source = "./{name}"\n}}\n' for number, name in enumerate(NAMES))
    _write(folder, **{"main.tf": API + values + modules, "orders.xml": POLICY})


def named_in_bicep(folder: Path, _: Path) -> None:
    """Bicep that does the same."""
    service = "resource s 'Microsoft.ApiManagement/service@2023-05-01-preview' = {\n  name: 'a'\n}\n"
    values = "".join(
        f"resource v{number} 'Microsoft.ApiManagement/service/namedValues@2023-05-01-preview' = {{\n  parent: s\n"
        f"  name: 'v{number}'\n  properties: {{ displayName: 'v{number}', value: loadTextContent('{name}') }}\n}}\n"
        for number, name in enumerate(NAMES)
    )
    _write(folder, **{"main.bicep": service + values, "orders.xml": POLICY})


def patterns(folder: Path, _: Path) -> None:
    """Patterns that can match in many ways."""
    fileset = (
        f'locals {{\n  files = fileset(path.module, "{GLOB}")\n  more = fileset(path.module, "{"{a,aa}" * 40}")\n}}\n'
    )
    name = 'resource "azurerm_api_management_api" "b" {\n  name = each.key\n'
    name += "  for_each = setunion(local.files, local.more)\n}\n"
    settings = f"[check]\nexclude = ['{GLOB}', '{'**/a/' * 40}b']\n"
    _write(
        folder,
        **{".gitignore": f"{GLOB}\n{'**/a/' * 40}b\n", "apimpolicy.toml": settings, "main.tf": API + fileset + name},
    )
    _write(folder, **{f"{LETTERS}.xml": POLICY, f"{'a/' * 60}orders.xml": POLICY})


def options(folder: Path, _: Path) -> None:
    """Files with names like options and other languages."""
    for name in ("--fix.xml", "-x.xml", "@a.xml", "a\nb.xml", "$(id).xml", "%s.xml", "\x1b[31m.xml"):
        (folder / name).write_text(POLICY)


def huge_number(folder: Path, _: Path) -> None:
    """A number of many digits, in every language."""
    number = "9" * 300_000
    _write(folder, **{"main.tf": API + f"locals {{\n  n = {number}\n}}\n" + VALUE + "  name = local.n\n}\n"})
    _write(
        folder,
        **{
            "orders.xml": POLICY,
            "a.json": f'{{"x": {number}}}',
            "a.test.yaml": f"policy: orders.xml\ncases: {number}\n",
        },
    )
    _write(folder / "b", **{"main.bicep": f"var n = {number}\n{BICEP}  name: '${{n}}'\n}}\n"})


def deep(folder: Path, _: Path) -> None:
    """JSON, code and tests that are nested too deeply."""
    depth = 100_000
    nested = "[" * depth + "]" * depth
    arm = '{"type": "Microsoft.ApiManagement/service", "resources": '
    _write(folder, **{"template.json": arm + nested + "}", "a.test.yaml": f"policy: orders.xml\ncases: {nested}\n"})
    _write(
        folder,
        **{
            "main.tf": API + f"locals {{\n  n = {nested}\n  m = {'(' * depth}1{')' * depth}\n  o = {'-' * depth}1\n}}\n"
        },
    )
    _write(folder, **{"main.bicep": f"var n = {nested}\nvar m = {'(' * depth}1{')' * depth}\n", "orders.xml": POLICY})


def wrong_settings(folder: Path, _: Path) -> None:
    """Configurations that are too deep, and a number of many digits."""
    _write(folder, **{"apimpolicy.toml": f"seed = {'9' * 300_000}\n", "orders.xml": POLICY})
    _write(folder / "a", **{"apimpolicy.toml": f"named-values = {'{a=' * 300}1{'}' * 300}\n", "orders.xml": POLICY})


def nested_deployments(folder: Path, _: Path) -> None:
    """An ARM template with deployments in each other."""
    inner = '{"type": "Microsoft.ApiManagement/service", "apiVersion": "2021-08-01", "name": "a"}'
    for _number in range(150):
        inner = (
            '{"type": "Microsoft.Resources/deployments", "apiVersion": "2021-04-01", "name": "d", "properties": '
            '{"mode": "Incremental", "template": {"contentVersion": "1.0.0.0", "resources": [' + inner + "]}}}"
        )
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    _write(
        folder, **{"template.json": f'{{"$schema": "{schema}", "contentVersion": "1.0.0.0", "resources": [{inner}]}}'}
    )
    _write(folder, **{"orders.xml": POLICY})


def growing_values(folder: Path, _: Path) -> None:
    """Numbers that are squared, and texts that double, again and again."""
    numbers = ["n0 = 9999999999"] + [f"n{each} = local.n{each - 1} * local.n{each - 1}" for each in range(1, 41)]
    texts = ['t0 = "aaaaaaaaaa"'] + [
        f't{each} = replace(local.t{each - 1}, "a", local.t{each - 1})' for each in range(1, 12)
    ]
    used = 'resource "azurerm_api_management_named_value" "v" {\n  name = "v${local.n40}${length(local.t11)}"\n}\n'
    _write(folder, **{"main.tf": API + "locals {\n  " + "\n  ".join(numbers + texts) + "\n}\n" + used})
    bicep = "var t0 = 'aaaaaaaaaa'\n" + "".join(
        f"var t{each} = replace(t{each - 1}, 'a', t{each - 1})\n" for each in range(1, 12)
    )
    loops = "map(range(0, 10000), a => map(range(0, 10000), b => map(range(0, 10000), c => c)))"
    reduced = f"var r = reduce(range(0, 10000), 'a', (x, y) => '${{x}}${{x}}')\nvar m = {loops}\n"
    service = "resource s 'Microsoft.ApiManagement/service@2023-05-01-preview' = {\n  name: '${t11}${r}${m}'\n}\n"
    _write(folder / "bicep", **{"main.bicep": bicep + reduced + service})


def growing_modules(folder: Path, _: Path) -> None:
    """Modules that each use the next one ten times."""
    for level in range(11):
        calls = "".join(f'module "m{each}" {{\n  source = "../l{level + 1}"\n}}\n' for each in range(10))
        _write(folder / f"l{level}", **{"main.tf": API + calls})
    _write(folder / "l11", **{"main.tf": API})
    _write(folder, **{"main.tf": API + 'module "m" {\n  source = "./l0"\n}\n'})


def many_patterns(folder: Path, _: Path) -> None:
    """Regular expressions, by the hundred thousand and slow ones."""
    many = (
        'many = [for a in range(1000) : [for b in range(1000) : regexall("(a+)+b", format("aaaaaaaaaaaa%d%d", a, b))]]'
    )
    slow = f'slow = regexall("(a*)*(a*)*b", "{"a" * 5000}")'
    used = VALUE + '  name = "v${length(local.many)}${length(local.slow)}"\n}\n'
    _write(folder, **{"main.tf": API + f"locals {{\n  {many}\n  {slow}\n}}\n" + used})


def many_paths(folder: Path, _: Path) -> None:
    """An OpenAPI file with many paths, as an API of a service and in a configuration."""
    paths = ",".join(
        f'"/p{each}/{{id}}": {{"get": {{"responses": {{"200": {{"description": "d"}}}}}}}}' for each in range(20_000)
    )
    _write(
        folder,
        **{"openapi.json": f'{{"openapi": "3.0.0", "info": {{"title": "t", "version": "1"}}, "paths": {{{paths}}}}}'},
    )
    api = (
        'resource "azurerm_api_management_api" "b" {\n  name = "b"\n  path = "b"\n  revision = "1"\n'
        '  api_management_name = "a"\n  import {\n    content_format = "openapi+json"\n'
        '    content_value = file("${path.module}/openapi.json")\n  }\n}\n'
    )
    _write(folder, **{"main.tf": API + api, "orders.xml": POLICY, "apimpolicy.toml": "openapi = 'openapi.json'\n"})


def python_modules(folder: Path, _: Path) -> None:
    """Python that tools run or import: tests, plugins and modules."""
    code = f"# apim\nopen({str(folder.parent / 'it-ran')!r}, 'w').close()\n"
    names = (
        "conftest.py",
        "test_a.py",
        "setup.py",
        "sitecustomize.py",
        "yaml.py",
        "apis/conftest.py",
        "lxml/__init__.py",
    )
    _write(folder, **dict.fromkeys(names, code), **{"own.xml": POLICY, "own.test.yaml": "policy: own.xml\ncases: []\n"})
    _write(folder, **{"apimpolicy.toml": "[check]\nextend = ['POL143']\n", "pytest.ini": "[pytest]\naddopts = -p a\n"})


def deep_folders(folder: Path, _: Path) -> None:
    """A policy in hundreds of folders, and one beside the first of them."""
    deepest = folder
    for _level in range(600 if IS_NIGHTLY else 200):
        deepest = deepest / "d"
        deepest.mkdir()
    (deepest / "orders.xml").write_text(POLICY)
    (folder / "own.xml").write_text(POLICY)


def ordinary(folder: Path, _: Path) -> None:
    """Policies that are nothing special: what `LATER` changes is git."""
    _write(folder, **{"own.xml": POLICY, "apis/orders.xml": POLICY})


def _configure_git(folder: Path, _: Path) -> None:
    """A configuration, attributes and hooks of git, each of which names a program."""
    command = f"touch {folder.parent}/it-ran; false"
    hooks = folder / ".git" / "own-hooks"
    hooks.mkdir()
    for name in ("post-index-change", "reference-transaction", "post-checkout", "fsmonitor-watchman"):
        (hooks / name).write_text(f"#!/bin/sh\n{command}\n")
        (hooks / name).chmod(0o755)
    with (folder / ".git" / "config").open("a") as file:
        file.write(
            f'[core]\n\tfsmonitor = "{command}"\n\thooksPath = .git/own-hooks\n\tpager = "{command}"\n'
            f'\tsshCommand = "{command}"\n\teditor = "{command}"\n\taskPass = "{command}"\n'
            f'[diff]\n\texternal = "{command}"\n[diff "a"]\n\ttextconv = "{command}"\n\tcommand = "{command}"\n'
            f'[filter "a"]\n\tsmudge = "{command}"\n\tclean = "{command}"\n\tprocess = "{command}"\n\trequired = true\n'
            f'[credential]\n\thelper = "!{command}"\n[gpg]\n\tprogram = "{command}"\n[log]\n\tshowSignature = true\n'
            f'[alias]\n\tls-tree = "!{command}"\n\tcat-file = "!{command}"\n[protocol "file"]\n\tallow = always\n'
            f'[protocol "ext"]\n\tallow = always\n[include]\n\tpath = ../../outside/secret.txt\n'
            f'[remote "origin"]\n\turl = ext::sh -c "{command}"\n\tpromisor = true\n\tuploadpack = "{command}"\n'
        )
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "attributes").write_text("* diff=a filter=a\n")


def _link_git(folder: Path, _: Path) -> None:
    """The repository of another folder, with a policy that is none of this one's business."""
    other = folder.parent / "other"
    other.mkdir()
    _write(other, **{"own.xml": POLICY.replace("<base />", SECRET)})
    git = ["git", "-C", str(other), "-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "a"]):
        subprocess.run([*git, *arguments], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "b"], check=True)
    (folder / ".git").rename(folder.parent / "before")
    (folder / ".git").symlink_to(other / ".git")


def _grow_git(folder: Path, _: Path) -> None:
    """A commit before the last one whose three trees have a million paths."""
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false"]

    def made(*arguments: str, given: str = "") -> str:
        return subprocess.run(
            [*git, *arguments], input=given, capture_output=True, check=True, text=True
        ).stdout.strip()

    entry = f"100644 blob {made('hash-object', '-w', '--stdin', given=POLICY)}\t{{}}.xml\n"
    for _level in range(3):
        tree = made("mktree", given="".join(entry.format(f"a{each:03}") for each in range(100)))
        entry = f"040000 tree {tree}\t{{}}\n"
    large = made("commit-tree", tree, "-p", "HEAD", "-m", "large")
    small = made("commit-tree", "HEAD^{tree}", "-p", large, "-m", "small")
    made("update-ref", "HEAD", small)


LATER: dict[str, Callable[[Path, Path], None]] = {
    "git_configuration": _configure_git,
    "git_link": _link_git,
    "large_tree": _grow_git,
}
"""Kinds of which the git directory is hostile: it is changed when everything is committed."""

KINDS: dict[str, Callable[[Path, Path], None]] = {
    made.__name__: made
    for made in (
        *(links, linked_configuration, pipes, embedded_repository, named_in_configuration, named_in_tests),
        *(
            named_in_terraform,
            named_in_bicep,
            patterns,
            options,
            huge_number,
            deep,
            wrong_settings,
            nested_deployments,
            growing_values,
        ),
        *(growing_modules, many_patterns, many_paths, python_modules, deep_folders),
    )
}
KINDS |= dict.fromkeys(LATER, ordinary)


def make(kind: str, top: Path) -> Path:
    """Make a checkout of a kind below a folder, as a repository with two commits; return it."""
    folder, outside = top / "checkout", top / "outside"
    folder.mkdir()
    outside.mkdir()
    _write(
        outside,
        **{"secret.txt": SECRET, "policy.xml": POLICY.replace("<base />", SECRET), "main.tf": API + f"# {SECRET}"},
    )
    _write(folder, **{".env": f"TOKEN={SECRET}\n", "vendor.txt": "x"})
    (folder / "vendor").symlink_to(outside)
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false"]
    _write(folder, **{"old.xml": POLICY})
    subprocess.run([*git, "init", "--quiet", "."], check=True)
    subprocess.run([*git, "add", "old.xml"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "a"], check=True)
    KINDS[kind](folder, outside)
    if kind != "pipes":
        subprocess.run([*git, "add", "--all", "--force", "."], check=True)
        subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "b"], check=True)
    if kind in LATER:
        LATER[kind](folder, outside)
    return folder
