"""The files that infrastructure code may read: those in one folder and in the repository around it, within limits.

Paths that lead out of both, by `..` or by a link, and hidden ones are refused and noted, as are files that are too
large.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping

from apimpolicy.checkout import entries, is_below, is_trusted, open_bytes
from apimpolicy.project.authority import Author, Role, why_refused
from apimpolicy.text.globs import glob_regex
from apimpolicy.text.source import Source, decode

LARGEST_FILE = 8 * 1024 * 1024
MOST_BYTES = 128 * 1024 * 1024
MOST_FILES = 20_000
MOST_LEVELS = 30
LEFT_OUT = frozenset((".git", ".terraform", "node_modules", ".venv"))
_MODULES = os.path.join(os.sep, ".terraform", "modules")
"""Where Terraform puts the modules that it downloads."""
_EVERYTHING = ".+"
_BRACES = re.compile(r"\{([^{}]*)\}")
_MOST_BRACES = 8
_MOST_PATTERNS = 256
OUTSIDE = "it is outside of the folder"


class Files:
    """Reads files of one folder, each once; code in it may name other files of the repository around it."""

    def __init__(self, root: str, repository: str | None = None) -> None:
        self.root = os.path.realpath(root)
        self.repository = self.root if repository is None else os.path.realpath(repository)
        self.shown = root
        self.refused: dict[str, str] = {}
        """Paths that weren't read, and why."""
        self.modules: Mapping[str, str] = {}
        """Folders and files in the place of modules that lie elsewhere, by a part of the module's source."""
        self.used: set[str] = set()
        """The real paths of the files whose text was asked for since this was set."""
        self.deployed: set[str] = set()
        """The real paths of templates that other code deploys, with parameters."""
        self._sources: dict[str, Source] = {}
        self._bytes = 0

    def path(self, *names: str) -> str:
        """Return the real path of a file or a folder that may be read. Raises LookupError for any other."""
        written = os.path.join(*names)
        path = os.path.realpath(written)
        base = self.root if is_below(path, self.root) else self.repository
        below = path[len(base) :].replace(_MODULES, "", 1)
        if not is_trusted() and (not is_below(path, base) or f"{os.sep}." in below):
            self.refused.setdefault(self.display(os.path.normpath(written)), OUTSIDE)
            raise LookupError(path)
        return path

    def named(self, folder: str, path: str) -> str:
        """Return a file whose content code in a folder asks for. Raises LookupError for one that it may not name.

        Modules that Terraform downloads are hidden and ignored, and name their own files.
        """
        found = self.path(folder, path)
        is_own = os.path.isfile(found) and _MODULES not in found
        if is_own and (reason := why_refused(Author(Role.CHECKOUT, self.root), found)):
            self.refused.setdefault(self.display(os.path.normpath(os.path.join(folder, path))), reason)
            raise LookupError(found)
        return found

    def display(self, path: str) -> str:
        """Return the name of a path for people: below the folder as it was named, or else as the folder is named."""
        relative = os.path.relpath(path, self.root)
        if relative.startswith(os.pardir):
            return path if os.path.isabs(self.shown) else os.path.relpath(path)
        return self.shown if relative == os.curdir else os.path.join(self.shown, relative)

    def source(self, *names: str) -> Source:
        """Return the text of a file. Raises LookupError when it can't be read."""
        path = self.path(*names)
        if path not in self._sources:
            self._sources[path] = decode(self._data(path), self.display(path))[0]
        self.used.add(path)
        return self._sources[path]

    def readable(self, folder: str, names: Iterable[str]) -> Iterator[Source]:
        """Yield the texts of files of a folder, without those that can't be read."""
        for name in names:
            try:
                found = self.source(folder, name)
            except LookupError:
                continue
            yield found

    def mention(self, path: str) -> tuple[str, int, int] | None:
        """Return the place that names a file, as far as the texts that were read show: file, line and column."""
        name = os.path.basename(path)
        for source in self._sources.values():
            if (start := source.text.find(name)) >= 0:
                return (source.path, *source.position(start))
        return None

    def reason(self, *names: str) -> str:
        """Return why a file couldn't be read, for a message of its own: `refused` doesn't have it any more."""
        written = self.display(os.path.normpath(os.path.join(*names)))
        is_there = os.path.exists(os.path.join(*names))
        return self.refused.pop(written, "it has no code, or calls itself" if is_there else "it doesn't exist")

    def data(self, *names: str) -> bytes:
        """Return the bytes of a file. Raises LookupError when it can't be read."""
        return self._data(self.path(*names))

    def _data(self, path: str) -> bytes:
        try:
            if not os.path.isfile(path):
                raise OSError("the file doesn't exist")
            with open_bytes(path) as file:
                data = file.read(LARGEST_FILE + 1)
        except (OSError, ValueError) as error:
            reason = str(getattr(error, "strerror", None) or error)
            self.refused.setdefault(self.display(path), reason[:1].lower() + reason[1:])
            raise LookupError(path) from None
        self._bytes += len(data)
        if len(data) > LARGEST_FILE or self._bytes > MOST_BYTES:
            self.refused.setdefault(self.display(path), "it is too large")
            raise LookupError(path)
        return data

    def module_folder(self, source: str) -> str | None:
        """Return the folder or file in the place of a module; None without one."""
        return next((path for part, path in self.modules.items() if part in source), None)

    def exists(self, *names: str) -> bool:
        return os.path.isfile(self.path(*names))

    def names(self, folder: str, endings: tuple[str, ...]) -> list[str]:
        """Return the names of the files of a folder with these endings, in order."""
        try:
            found = entries(self.path(folder))
            return sorted(each.name for each in found if each.name.endswith(endings) and each.is_file())
        except (OSError, LookupError):
            return []

    def below(self, folder: str, most: int = MOST_FILES) -> list[str]:
        """Return the folders in a folder and the folder itself; links, hidden folders and tools' folders left out."""
        found: list[str] = []
        waiting = [(folder, 0)]
        while waiting and len(found) < most:
            place, level = waiting.pop(0)
            found.append(place)
            try:
                inner = sorted(
                    each.path
                    for each in entries(place)
                    if each.name not in LEFT_OUT
                    and (is_trusted() or not each.name.startswith("."))
                    and each.is_dir(follow_symlinks=False)
                )
            except OSError:
                continue
            if level < MOST_LEVELS:
                waiting += [(path, level + 1) for path in inner]
        return found

    def matching(self, folder: str, pattern: str) -> list[str]:
        """Return the files below a folder that match a pattern of Terraform's `fileset`, relative to the folder."""
        patterns = [_EVERYTHING if each == "**" else glob_regex(each) for each in _alternatives(pattern)]
        wanted = re.compile("|".join(f"(?:{each})" for each in patterns if each is not None) or "(?!)")
        if not patterns:
            self.refused.setdefault(self.display(os.path.join(folder, pattern)), "the pattern is too complex")
        base = self.path(folder)
        found: list[str] = []
        for place in self.below(base):
            relative = os.path.relpath(place, base)
            for name in self.names(place, ("",)):
                path = name if relative == os.curdir else f"{relative}/{name}".replace(os.sep, "/")
                if wanted.fullmatch(path):
                    found.append(path)
        return sorted(found)


def _alternatives(pattern: str) -> list[str]:
    """Return the patterns that `{a,b}` in a pattern stands for; none of a pattern with too many."""
    found = [pattern]
    for _ in range(_MOST_BRACES):
        if not any(_BRACES.search(each) for each in found):
            return found
        found = [
            each[: match.start()] + choice + each[match.end() :] if match else each
            for each in found
            for match in (_BRACES.search(each),)
            for choice in (match[1].split(",") if match else ("",))
        ]
        if len(found) > _MOST_PATTERNS:
            return []
    return []


# Files with values for one environment, by the environment's name: what `--environment` offers and accepts.
#
# A file or its folder names the environment: `dev.tfvars`, `env/dev.tfvars`, `env/dev/terraform.tfvars`,
# `main.dev.bicepparam`, `dev/main.bicepparam`, `parameters.dev.json`. They lie below the code, or beside and above it
# in a folder such as `env`. The folder of the code itself is no environment.

TERRAFORM = (".tfvars", ".tfvars.json")
BICEP = (".bicepparam", ".json")
_ALL = (*TERRAFORM, *BICEP)
_CODE = (".tf", ".tofu", ".tf.json", ".bicep")
_FOLDERS = ("", "environments", "environment", "envs", "env", "vars", "tfvars", "variables", "config", "parameters")
_OF_FOLDERS = frozenset((*_FOLDERS, "configs", "params", "bicep", "terraform", "infra", "infrastructure", "arm", "iac"))
"""Names of folders that aren't those of environments."""
_GENERIC = "terraform|variables|vars|tfvars|values|parameters|params?|deploymentparameters|azuredeploy|deploy|main|auto"
_PART = re.compile(_GENERIC, re.IGNORECASE)
_ENDS = re.compile(rf"^(?:{_GENERIC})[-_]|[-_](?:{_GENERIC})$", re.IGNORECASE)
_NOT = re.compile(r"(?:^|[^a-z])(?:backend|examples?|samples?|template)(?:[^a-z]|$)", re.IGNORECASE)
"""Words in names of files that have other values, such as where Terraform keeps its state."""


def environment_files(files: Files, folder: str, endings: tuple[str, ...] = _ALL) -> dict[str, list[str]]:
    """Return the files with values for an environment, by its name: those below a folder, else the nearest above it."""
    below = (each for each in files.below(folder) if f"{os.sep}." not in each[len(folder) :])
    found = _by_environment(files, below, endings)
    above = folder
    while above != files.repository and os.path.dirname(above) != above:
        above = os.path.dirname(above)
        if not (above + os.sep).startswith(files.repository.rstrip(os.sep) + os.sep):
            break
        for name, paths in _by_environment(files, (os.path.join(above, each) for each in _FOLDERS), endings).items():
            found.setdefault(name, paths)
    return found


def chosen(names: Iterable[str], environment: str | None) -> str | None:
    """Return the name that an environment has among others: that name, or the only one that has it as a word."""
    known = list(names)
    if environment is None or environment in known:
        return environment
    word = re.compile(rf"(?:^|[^A-Za-z0-9]){re.escape(environment)}(?:[^A-Za-z0-9]|$)", re.IGNORECASE)
    found = [name for name in known if word.search(name)]
    return found[0] if len(found) == 1 else None


def environment_of(files: Files, path: str) -> str:
    """Return the environment that a file or its folder names; empty without one."""
    folder, file = os.path.split(path)
    if _NOT.search(file):
        return ""
    stem = re.sub(r"\.(?:tfvars(?:\.json)?|bicepparam|json)$", "", file, flags=re.IGNORECASE)
    has_code = bool(files.names(folder, _CODE))
    if has_code and stem.endswith(".auto"):  # Terraform reads it always
        return ""
    template = _template(files, folder, file)
    parts = (_ENDS.sub("", part) for part in stem.removeprefix(template).strip(".-_").split("."))
    name = ".".join(part for part in parts if part and _PART.fullmatch(part) is None)
    if name or has_code:
        return name
    parent = os.path.basename(folder)
    return "" if parent.lower() in _OF_FOLDERS else parent


def _by_environment(files: Files, folders: Iterable[str], endings: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in candidates(files, folders, endings):
        if name := environment_of(files, path):
            found.setdefault(name, []).append(path)
    return found


def candidates(files: Files, folders: Iterable[str], endings: tuple[str, ...]) -> Iterator[str]:
    """Yield the files of folders that have values for Terraform, or for Bicep and ARM templates."""
    for folder in folders:
        for name in files.names(folder, endings):
            path = os.path.join(folder, name)
            if not name.endswith(".json") or name.endswith(".tfvars.json"):
                yield path
                continue
            try:
                begin = files.source(path).text[:4096]
            except LookupError:
                continue
            is_named = "param" in path[len(files.repository) :].lower() and '"parameters"' in begin
            if is_named or "deploymentParameters.json" in begin:
                yield path


def _template(files: Files, folder: str, name: str) -> str:
    """Return the name of the template whose name a file of parameters begins with, such as `main.dev.bicepparam`."""
    for place in (folder, *([] if folder == files.root else [os.path.dirname(folder)])):
        for each in files.names(place, (".bicep",)):
            stem = each.removesuffix(".bicep")
            if re.match(rf"{re.escape(stem)}[.\-_]", name, re.IGNORECASE):
                return stem
    return ""
