"""Tasks for coding assistants, and what their policies are worth: `python -m benchmarks.assistants`.

    python -m benchmarks.assistants write FOLDER     a folder for each task, with TASK.md
    … an assistant writes policy.xml beside each TASK.md, with or without the tools of apimpolicy
    python -m benchmarks.assistants judge FOLDER     what holds: no error of check, all cases, all claims
    python -m benchmarks.assistants solutions        the same of the policies that the tasks themselves have

The tasks, cases and claims are in tasks.yaml; an assistant sees TASK.md only.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import yaml

TASKS = Path(__file__).with_name("tasks.yaml")
SECTIONS = ("inbound", "backend", "outbound", "on-error")
STEPS = {"check": ["policy.xml"], "test": ["policy.test.yaml"], "prove": ["policy.test.yaml"]}


class Verdict(NamedTuple):
    """What commands say of a policy: the first that fails, and its output; empty where all hold."""

    step: str = ""
    output: str = ""


def tasks() -> list[dict[str, Any]]:
    """Return the tasks, as the file has them."""
    found: list[dict[str, Any]] = yaml.safe_load(TASKS.read_text("utf-8"))
    return found


def solution(task: dict[str, Any]) -> str:
    """Return the policy document that the task has."""
    given = task["solution"]
    sections = given if isinstance(given, dict) else {"inbound": given}
    body = "".join(f"<{name}>{sections.get(name, '<base />')}</{name}>" for name in SECTIONS)
    return f"<policies>{body}</policies>"


def judge(task: dict[str, Any], policy: str) -> Verdict:
    """Return what `check`, `test` and `prove` say of a policy for a task."""
    content = {name: value for name, value in task.items() if name not in ("name", "task", "solution")}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, ".git").mkdir()  # what lies beside temporary folders is not part of it
        Path(folder, "policy.xml").write_text(policy, "utf-8")
        test = yaml.safe_dump({"policy": "policy.xml", "config": False, **content}, sort_keys=False)
        Path(folder, "policy.test.yaml").write_text(test, "utf-8")
        for step, arguments in STEPS.items():
            if step == "prove" and "claims" not in task:
                continue
            command = [sys.executable, "-m", "apimpolicy", step, *arguments]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            if done.returncode:
                return Verdict(step, done.stdout + done.stderr)
    return Verdict()


def main(arguments: list[str]) -> int:
    if arguments == ["solutions"]:
        policies = {task["name"]: solution(task) for task in tasks()}
    elif arguments[:1] == ["write"] and len(arguments) == 2:
        for task in tasks():
            folder = Path(arguments[1], task["name"])
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "TASK.md").write_text(f"Write policy.xml, an Azure API Management policy.\n\n{task['task']}\n")
        return 0
    elif arguments[:1] == ["judge"] and len(arguments) == 2:
        found = {task["name"]: Path(arguments[1], task["name"], "policy.xml") for task in tasks()}
        policies = {name: path.read_text("utf-8") for name, path in found.items() if path.is_file()}
    else:
        print(__doc__, file=sys.stderr)
        return 2
    right = 0
    for task in tasks():
        verdict = judge(task, policies[task["name"]]) if task["name"] in policies else Verdict("policy.xml", "missing")
        right += not verdict.step
        print(f"{task['name']:28} {'right' if not verdict.step else f'fails: {verdict.step}'}")
        if verdict.step:
            print("    " + verdict.output.strip().replace("\n", "\n    "))
    print(f"{right} of {len(tasks())}")
    return 0 if right == len(tasks()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
