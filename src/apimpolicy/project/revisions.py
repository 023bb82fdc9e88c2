"""The files of a git repository as they were at a revision, to look at or put into a folder of their own.

Only objects are read (`rev-parse`, `ls-tree`, `cat-file`): neither the index nor the working tree is touched, and no
filter, hook or driver that a repository names is run. What a tree calls its files is not trusted: nothing is written
outside of the folder, and no link is made.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from apimpolicy.checkout import GitOutput, git, make_folder, root_of, walk, write
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.environments import CONFIGURATION, PYPROJECT
from apimpolicy.project.files import MAXIMUM_BYTES, MEDIA, read_bytes
from apimpolicy.project.known_service import Deleted, ServiceView
from apimpolicy.project.layout import Kind, kind_of_folder
from apimpolicy.project.service.description import ServiceDescription

_WHOLE_BYTES = 64 * 1024 * 1024
"""Up to this size the whole repository is taken: settings may name files anywhere in it."""
_BATCH_BYTES = 32 * 1024 * 1024
_LINK = "120000"
_PARTIAL = "; in a partial clone, run `git fetch --refetch --no-filter` first: nothing is fetched here"
_SHA1 = 40
"""Digits of an object's id in most repositories."""
_FILES = ("100644", "100755", "100664", _LINK)


class _Blob(NamedTuple):
    object_id: str
    size: int
    is_link: bool

    @property
    def stand_in(self) -> bytes:
        """Return a content that no reader takes, for its size, and that only the same content has."""
        return self.object_id.encode().ljust(MAXIMUM_BYTES + 1)


class Revision:
    """A revision of a repository. `name` is as it was given; paths are those of git, from where the repository begins.

    Raises ConfigurationError when git cannot list its files.
    """

    def __init__(self, name: str, root: str, tree: str) -> None:
        self.name = name
        self.root = root
        self._blobs = _tree(name, root, tree)

    def find(self, path: str) -> str | None:
        """Return git's name of a file or folder, whose path begins here or at the repository; None without one."""
        for inside in (self._from_root(path), posixpath.normpath(path.replace(os.sep, "/"))):
            if inside in self._blobs or any(each.startswith(_below(inside)) for each in self._blobs):
                return "" if inside == "." else inside
        return None

    def is_file(self, inside: str) -> bool:
        return inside in self._blobs

    def _from_root(self, path: str) -> str:
        return os.path.relpath(os.path.realpath(path), os.path.realpath(self.root)).replace(os.sep, "/")

    def files_below(self, folder: str) -> list[str]:
        """Return the files of this revision in a folder of the repository as it is now, with paths from that folder."""
        inside = self._from_root(folder)
        before = _below(inside)
        return [path.removeprefix(before) for path in self._blobs if path.startswith(before)]

    def contents_below(self, folder: str, paths: Sequence[str]) -> list[bytes]:
        """Return the contents of files that `files_below` returned for the folder. Raises ConfigurationError."""
        before = _below(self._from_root(folder))
        return list(self._contents([before + path for path in paths])) if paths else []

    def is_as_in(self, folder: str, path: str, data: bytes) -> bool:
        """Return whether a file has the content that `files_below` found for it, whatever ends its lines."""
        known = self._blobs[_below(self._from_root(folder)) + path].object_id
        name = "sha1" if len(known) == _SHA1 else "sha256"
        texts = (b"blob %d\0%b" % (len(each), each) for each in (data, data.replace(b"\r\n", b"\n")))
        return any(hashlib.new(name, each, usedforsecurity=False).hexdigest() == known for each in texts)

    def write(self, inside: str, folder: str) -> None:
        """Put the files into a folder: all of a repository, or of a large one those of the project around a path.

        Of files that are too large for every reader, those of the project come as well, so that a comparison sees
        whether they differ; above a bound only the name of their content comes. Raises ConfigurationError.
        """
        around = _below(self._project(inside))
        selected = {path: blob for path, blob in self._blobs.items() if blob.size <= MAXIMUM_BYTES}
        if sum(blob.size for blob in selected.values()) > _WHOLE_BYTES:
            selected = {path: blob for path, blob in selected.items() if path.startswith(around)}
        room = _WHOLE_BYTES
        for path, blob in self._blobs.items():
            if blob.size > MAXIMUM_BYTES and path.startswith(around):
                if blob.size <= min(room, _BATCH_BYTES):
                    room -= blob.size
                    selected[path] = blob
                else:
                    _write(_joined(folder, path), blob.stand_in)
        for batch in _batches(selected):
            contents = self._contents([path for path, _ in batch])
            for (path, blob), data in zip(batch, contents, strict=True):
                target = self._target(path, data) if blob.is_link else path
                if target == path:
                    _write(_joined(folder, path), data)
                elif target is not None:
                    linked = self._blobs[target]
                    large = linked.size > MAXIMUM_BYTES
                    _write(_joined(folder, path), linked.stand_in if large else next(self._contents([target])))

    def _project(self, inside: str) -> str:
        """Return the outermost folder around a path that has a configuration; without one, the folder itself."""
        folder = posixpath.dirname(inside) if self.is_file(inside) else inside
        found, above = folder, folder
        while above:
            above = posixpath.dirname(above)
            if any(posixpath.join(above, name) in self._blobs for name in (CONFIGURATION, PYPROJECT)):
                found = above
        return found

    def _target(self, path: str, data: bytes) -> str | None:
        """Return the file in this revision that a link leads to; None for one that leads anywhere else."""
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), os.fsdecode(data)))
        found = self._blobs.get(target)
        return None if found is None or found.is_link else target

    def _contents(self, paths: Sequence[str]) -> Iterator[bytes]:
        asked = "".join(f"{self._blobs[path].object_id}\n" for path in paths).encode()
        done = _git(self.root, "cat-file", "--batch", given=asked)
        position = 0
        for path in paths:
            end = done.output.find(b"\n", position)
            head = done.output[position:end].split()
            if head[1:] == [b"missing"] and path.lower().endswith(MEDIA):  # in a partial clone
                position = end + 1
                yield self._blobs[path].object_id.encode()
                continue
            if done.code or end < 0 or len(head) != 3:
                reason = _reason(done) if done.code else "its object is missing"
                raise ConfigurationError(f"git cannot read {path} at {self.name}: {reason}{_advice(done)}")
            position = end + 1 + int(head[2])
            yield done.output[end + 1 : position]
            position += 1


def revision_of(name: str, near: str) -> Revision | None:
    """Return a revision of the repository around a path, which need not exist, or around this folder.

    None when the repository has none of this name. Raises ConfigurationError when there is no git, or no repository.
    """
    root = _repository(near)
    if not name or name.startswith("-") or "\0" in name:
        return None
    tree = _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{tree}}")
    return None if tree.code else Revision(name, root, tree.output.decode().strip())


def known_revision(name: str, near: str) -> Revision:
    """Return a revision as `revision_of` does. Raises ConfigurationError when the repository has none of this name."""
    if (found := revision_of(name, near)) is None:
        raise ConfigurationError(f"git has no revision '{name}' of {near}")
    return found


def _repository(near: str) -> str:
    anchor = root_of(near) or os.path.abspath(near)
    while not os.path.isdir(anchor):
        anchor = os.path.dirname(anchor)
    top = _git(anchor, "rev-parse", "--show-toplevel")
    if top.code and (top := _git(os.curdir, "rev-parse", "--show-toplevel")).code:
        raise ConfigurationError(_reason(top))
    return os.fsdecode(top.output).removesuffix("\n")


def commit_at(folder: str) -> str:
    """Return the short name of the commit that is checked out around a folder; empty without git, or a commit."""
    try:
        done = git(folder, "rev-parse", "--short", "--verify", "--quiet", "HEAD")
    except OSError:
        return ""
    return "" if done.code else os.fsdecode(done.output).strip()


def is_shallow(near: str) -> bool:
    """Return whether the repository around a folder has only a part of its history."""
    return _git(near, "rev-parse", "--is-shallow-repository").output.strip() == b"true"


def _git(folder: str, *arguments: str, given: bytes = b"", is_list: bool = False) -> GitOutput:
    """Return the output of git. Raises ConfigurationError when there is none."""
    try:
        return git(folder, *arguments, given=given, is_list=is_list)
    except OSError as error:
        raise ConfigurationError(error.strerror or str(error)) from None


def _reason(done: GitOutput) -> str:
    lines = done.errors.decode("utf-8", "replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else f"git ended with {done.code}"


def _advice(done: GitOutput) -> str:
    return "" if done.is_refused else _PARTIAL


def _tree(name: str, root: str, tree: str) -> dict[str, _Blob]:
    """Return the files of a tree by path. Raises ConfigurationError when git cannot list them.

    The size of an object is asked for once: trees that contain each other have more paths than git could look up.
    """
    listed = _git(root, "ls-tree", "-r", "-z", "--full-tree", tree, is_list=True)
    entries = [] if listed.code else [_entry(line) for line in listed.output.split(b"\0")[:-1]]
    found = [entry for entry in entries if entry[1] in _FILES and _is_safe(entry[0])]
    objects = "".join(f"{each}\n" for each in dict.fromkeys(entry[2] for entry in found))
    sized = listed if listed.code else _git(root, "cat-file", "--batch-check", given=objects.encode())
    if sized.code:
        raise ConfigurationError(f"git cannot list the files of {name}: {_reason(sized)}{_advice(sized)}")
    # A partial clone may lack an object, and says "missing". The file is kept, so that reading it fails.
    sizes = {words[0]: words[-1] for words in map(str.split, sized.output.decode().splitlines())}
    return {
        path: _Blob(each, int(sizes[each]) if sizes[each].isdecimal() else 0, mode == _LINK)
        for path, mode, each in found
    }


def _entry(line: bytes) -> tuple[str, str, str]:
    """Return the path, the mode and the object of a line of `ls-tree`."""
    head, _, name = line.partition(b"\t")
    mode, _, object_id = head.decode().split()
    return os.fsdecode(name), mode, object_id


def _is_safe(path: str) -> bool:
    """Return whether a name from a tree stays below the folder that it is put into."""
    if os.sep == "\\" and not {"\\", ":"}.isdisjoint(path):
        return False
    return all(part not in ("", ".", "..") and part.lower() != ".git" for part in path.split("/"))


def _below(folder: str) -> str:
    return "" if folder in ("", ".") else f"{folder}/"


def _batches(blobs: dict[str, _Blob]) -> Iterator[list[tuple[str, _Blob]]]:
    batch: list[tuple[str, _Blob]] = []
    size = 0
    for path, blob in blobs.items():
        if batch and size + blob.size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append((path, blob))
        size += blob.size
    if batch:
        yield batch


def _joined(folder: str, path: str) -> str:
    return os.path.join(folder, *path.split("/"))


def _write(path: str, data: bytes) -> None:
    try:
        make_folder(os.path.dirname(path))
        write(path, data, is_new=True)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror or error}") from None


_POLICY = "policy.xml"


def deleted_since(service: ServiceDescription, workspace: str | None, name: str) -> Deleted:
    """Return the resources that a service, or one of its workspaces, has no more since a revision.

    Raises ConfigurationError for an unknown revision.
    """
    root, now = service.place, ServiceView(service, workspace)
    revision = known_revision(name, root)
    files = revision.files_below(root)
    paths = [path for path in files if _parts(path)[0] in ("", workspace)]
    found: dict[str, set[str]] = {}
    for kind, resource in dict.fromkeys(_resources(paths)):
        if kind.id != "named-values" and resource.lower() not in now.resources(kind.id):
            found.setdefault(kind.id, set()).add(resource.lower())
    values = set(_named_values(revision, root, paths)).difference(now.names("named-values"))
    if values:
        found["named-values"] = {value.lower() for value in values}
    return Deleted(name, {kind: frozenset(names) for kind, names in sorted(found.items())})


def changed_since(folder: str, name: str) -> frozenset[str]:
    """Return the files below a folder that are new, gone or different since a revision, links aside.

    Raises ConfigurationError for an unknown revision.
    """
    revision = known_revision(name, folder)
    top, now = os.path.abspath(folder), set[str]()
    for directory, folders, files in walk(top):
        folders[:] = [each for each in folders if not each.startswith(".")]
        now.update(os.path.join(directory, file) for file in files)
    then = {os.path.join(top, *path.split("/")): path for path in revision.files_below(folder)}
    kept = {
        path for path in now & then.keys() if revision.is_as_in(folder, then[path], read_bytes(path, MAXIMUM_BYTES))
    }
    return frozenset((now | then.keys()) - kept)


def _resources(paths: Sequence[str]) -> Iterator[tuple[Kind, str]]:
    """Yield the resources that files belong to: kind and id."""
    for path in paths:
        _, kind, resource, file = _parts(path)
        if kind is not None and (file == kind.information or (kind.id == "fragments" and file == _POLICY)):
            yield kind, resource


def _parts(path: str) -> tuple[str, Kind | None, str, str]:
    """Return workspace, kind, id and file of a path such as `backends/orders/backendInformation.json`."""
    parts, workspace = path.split("/"), ""
    if len(parts) == 5 and parts[0].lower() == "workspaces":
        workspace, parts = parts[1], parts[2:]
    return (workspace, kind_of_folder(parts[0]), parts[1], parts[2]) if len(parts) == 3 else (workspace, None, "", "")


def _named_values(revision: Revision, root: str, paths: Sequence[str]) -> Iterator[str]:
    files = [path for path in paths if _parts(path)[3] == "namedValueInformation.json"]
    for path, content in zip(files, revision.contents_below(root, files), strict=True):
        try:
            properties = json.loads(content.decode("utf-8-sig"))["properties"]
            name = properties.get("displayName")
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            name = None
        yield name if isinstance(name, str) and name else _parts(path)[2]
