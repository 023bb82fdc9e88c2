"""Stylesheets and costly schemas run in a process of their own, within limits that the operating system holds.

libxslt and libxml2 can loop for ever or ask for memory without end, and be stopped from outside only.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from apimpolicy.csharp.dotnet.environment import Limits, environment
from apimpolicy.errors import LimitExceededError
from apimpolicy.gateway.policies.own_process.process import TEMPLATE_DEPTH

__all__ = ["MEMORY", "TEMPLATE_DEPTH", "answer"]

MEMORY = 1 << 30
"""Bytes of address space that the process may use."""

LONGEST = {"transform": 60.0, "validate": 2.0}
"""Seconds of processor time that it may take, whatever the limit is."""

PATIENCE = 10
"""The most time by the clock, in multiples of the processor time: a busy machine is slow."""

STARTS = 100
"""The most processes of one request; a start takes a tenth of a second and more."""


def answer(kind: str, task: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Return the result of a task: see `apimpolicy.gateway.policies.own_process.process`.

    Its start and its processor time use up steps of the request. Raises LimitExceededError for a process that takes too
    long, needs too much memory or writes too much.
    """
    running = environment()
    running.step(limits.steps // STARTS)
    seconds = min(limits.seconds, LONGEST[kind], running.seconds_left())
    request = {
        **task,
        "kind": kind,
        "length": limits.string_length,
        "seconds": seconds,
        "memory": MEMORY,
        "path": [entry for entry in sys.path if entry],
    }
    result = _answer(json.dumps(request).encode(), seconds)
    running.spent(result.pop("used", 0.0))
    if "limit" in result:
        raise LimitExceededError(str(result["limit"]), MEMORY if result["limit"] == "memory" else limits.string_length)
    message = str(result.get("error", ""))
    if "Memory allocation failed" in message or "out of memory" in message.lower():
        raise LimitExceededError("memory", MEMORY)
    return result


def _answer(task: bytes, seconds: float) -> dict[str, Any]:
    script = Path(__file__).with_name("process.py")
    command = [sys.executable, "-I", "-S", "-B", str(script)]
    counts_processor_time = find_spec("resource") is not None
    timeout = (seconds + 1) * (PATIENCE if counts_processor_time else 1)
    try:
        done = subprocess.run(command, input=task, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise LimitExceededError("seconds", seconds) from None
    if done.returncode < 0:  # a signal: out of time, or out of memory inside libxml2
        raise LimitExceededError("seconds" if -done.returncode in (24, 9) else "memory", seconds)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise LimitExceededError("memory", MEMORY) from None
    assert isinstance(found, dict)
    return found
