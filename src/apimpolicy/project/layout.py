"""What a file's place in a folder says: the scope of a policy, in the layout that APIOps extracts.

    policy.xml                                   global, beside a folder `apis`, `products` or `named values`
    workspaces/<workspace>/policy.xml            workspace
    products/<product>/policy.xml                product
    apis/<api>/policy.xml                        api
    apis/<api>/operations/<operation>/policy.xml operation
    policy fragments/<fragment>/policy.xml       a fragment

Source: https://azure.github.io/apiops/
"""

from __future__ import annotations

import os
from typing import NamedTuple

_FOLDERS = {"workspaces": "workspace", "products": "product", "apis": "api", "operations": "operation"}
_FRAGMENTS = ("policy fragments", "policy-fragments", "policyfragments")
_SIBLINGS = ("apis", "products", "named values", "backends", *_FRAGMENTS)


class Place(NamedTuple):
    """The scope, where the place tells; `fragment` is the id of a fragment; `root` is the layout's folder."""

    scope: str | None = None
    fragment: str | None = None
    root: str | None = None


def place_of(path: str) -> Place:
    """What the place of a policy file says."""
    directory, name = os.path.split(os.path.abspath(path))
    if name.lower() != "policy.xml":
        return Place()
    parent, identifier = os.path.split(directory)
    kind = os.path.basename(parent).lower()
    if kind in _FRAGMENTS:
        return Place(None, identifier, os.path.dirname(parent))
    if kind in _FOLDERS:
        return Place(_FOLDERS[kind], None, _root(parent))
    if any(os.path.isdir(os.path.join(directory, sibling)) for sibling in _SIBLINGS):
        return Place("global", None, directory)
    return Place()


def _root(folder: str) -> str:
    """The outermost folder of the layout, from one of its folders of kinds."""
    root = os.path.dirname(folder)
    while os.path.basename(os.path.dirname(root)).lower() in _FOLDERS:
        root = os.path.dirname(os.path.dirname(root))
    return root


def fragments_of(root: str) -> dict[str, str]:
    """The fragments of a layout: id and path."""
    found: dict[str, str] = {}
    for name in _FRAGMENTS:
        folder = os.path.join(root, name)
        if not os.path.isdir(folder):
            continue
        for identifier in sorted(os.listdir(folder)):
            path = os.path.join(folder, identifier, "policy.xml")
            if os.path.isfile(path):
                found[identifier] = path
    return found


def subscription_required(path: str) -> bool | None:
    """Whether the API of a policy file, or of its operation, requires a subscription; None where nothing says so."""
    place = place_of(path)
    if place.scope not in ("api", "operation"):
        return None
    folder = os.path.dirname(os.path.abspath(path))
    if place.scope == "operation":
        folder = os.path.dirname(os.path.dirname(folder))
    return _required(os.path.join(folder, "apiInformation.json"))


def _required(path: str) -> bool | None:
    import json

    if not os.path.isfile(path):
        return None
    try:
        with open(path, encoding="utf-8-sig") as file:
            value = json.load(file)["properties"]["subscriptionRequired"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None  # what is wrong with it is said where it is needed
    return value if isinstance(value, bool) else None
