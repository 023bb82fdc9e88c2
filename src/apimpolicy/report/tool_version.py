"""The version of the tool."""

from __future__ import annotations


def tool_version() -> str:
    """Return the version of the installed distribution."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("apimpolicy")
    except PackageNotFoundError:  # run from a checkout
        return "0+unknown"
