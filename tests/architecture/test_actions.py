"""The commands of both GitHub actions, run as they are written, in a repository that wants its own code to run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.architecture.hostile_repository import make_hostile
from tests.rows import read_yaml
from tests.sampling import sampled

ROOT = Path(__file__).parents[2]
DIFF = ".github/actions/diff/action.yml"
ACTIONS = ("action.yml", DIFF)
STAGE = ROOT / "pipelines" / "azure-devops.yml"
POLICY = "<policies><inbound><base />{}</inbound></policies>"
BACKEND = '''
import base64, hashlib, os, zipfile

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """A wheel that leads to the installation that runs the tests; nothing is downloaded."""
    info = "apimpolicy-0.dist-info/"
    files = {
        "installed.pth": "\\n".join(PATHS) + "\\n",
        info + "METADATA": "Metadata-Version: 2.1\\nName: apimpolicy\\nVersion: 0\\nProvides-Extra: prove\\n",
        info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        info + "entry_points.txt": "[console_scripts]\\napimpolicy = apimpolicy.cli:main\\n",
    }
    files[info + "RECORD"] = "".join(name + ",,\\n" for name in [*files, info + "RECORD"])
    name = "apimpolicy-0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name
'''
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "apimpolicy"
version = "0"
optional-dependencies = {prove = []}
"""

LOCKED = {"locked.txt": (), "locked-all.txt": ("prove", "serve")}
"""The lists of locked versions, and the extras that each has."""

pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None or shutil.which("git") is None or os.name == "nt", reason="needs bash and git"
)


def steps(action: str) -> list[dict[str, Any]]:
    """The steps of an action that run a script."""
    found = read_yaml((ROOT / action).read_text(encoding="utf-8"))["runs"]["steps"]
    return [step for step in found if "run" in step]


class Runner:
    """What GitHub gives to an action: a checkout, a temporary folder, variables; and `gh`, which only writes down."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.temporary, self.tool = folder / "checkout", folder / "temporary", folder / "tool"
        for each in (self.checkout, self.temporary, self.tool / ".github" / "actions" / "diff", folder / "bin"):
            each.mkdir(parents=True)
        paths = [str(ROOT / "src"), *(path for path in sys.path if path.endswith("-packages"))]
        (self.tool / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
        (self.tool / "backend.py").write_text(f"PATHS = {paths!r}\n{BACKEND}", encoding="utf-8")
        (self.tool / ".ci").mkdir()
        for name in LOCKED:
            (self.tool / ".ci" / name).touch()
        (folder / "bin" / "python").symlink_to(sys.executable)
        self.environment = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder),
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.hooksPath=/dev/null")
        command = ["git", "-C", str(self.checkout), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def run(self, action: str, step: dict[str, Any], **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**self.environment, **variables}
        environment["GITHUB_ACTION_PATH"] = str((self.tool / action).parent)
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.checkout,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )


def test_the_actions_run_nothing_of_the_repository(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    runner.git("init", "--quiet")
    (runner.checkout / "orders.xml").write_text(POLICY.format(""), encoding="utf-8")
    runner.git("add", ".")
    runner.git("commit", "--quiet", "--message", "base")
    base = runner.git("rev-parse", "HEAD")
    mark = make_hostile(runner.checkout)
    (runner.checkout / "orders.xml").write_text(POLICY.format("<mock-response />"), encoding="utf-8")
    for action in sampled(ACTIONS, 1):
        shutil.rmtree(runner.temporary / "apimpolicy", ignore_errors=True)
        install, work = steps(action)[:2]
        done = runner.run(action, install)
        assert done.returncode == 0, done.stderr
        # Patterns are not expanded: a file could be named like an option.
        given = {"CHECK_PATHS": "orders.xml *.xml", "CHECK_ARGUMENTS": "--quiet"}
        given |= {"DIFF_PATHS": "orders.xml", "DIFF_BASE": base, "DIFF_ARGUMENTS": "--seconds 1"}
        done = runner.run(action, work, **given)
        assert not mark.exists(), (action, mark.read_text(encoding="utf-8"))
        if action == "action.yml":
            assert done.returncode == 2, done.stderr
            assert "*.xml" in done.stderr
            given = {"GATE_FOLDER": ".", "GATE_SINCE": base, "GATE_ARGUMENTS": "--allow *"}
            done = runner.run(action, steps(action)[2], **given)
            assert done.returncode == 2, done.stderr
            assert "'*'" in done.stderr
            done = runner.run(action, steps(action)[2], **given | {"GATE_ARGUMENTS": "--allow not-run"})
            assert not mark.exists(), mark.read_text(encoding="utf-8")
            comment = (runner.temporary / "apimpolicy-gate-comment.md").read_text(encoding="utf-8")
            assert comment.startswith("<!-- apimpolicy gate -->\n**gate: ")
        else:
            assert done.returncode == 0, done.stderr
            comment = (runner.temporary / "apimpolicy-diff-comment.md").read_text(encoding="utf-8")
            assert comment.startswith("<!-- apimpolicy diff -->\n### ")


GH = """#!/bin/sh
case "$*" in
  "api user"*) echo '{"message": "Resource not accessible by integration"}'; exit 1 ;;
  *--paginate*) for last; do :; done; jq --raw-output "$last" "$COMMENTS_FILE" ;;
  *) echo "$*" >> "$GH_LOG" ;;
esac
"""


@pytest.mark.skipif(shutil.which("jq") is None, reason="needs jq, which GitHub's runners have")
@pytest.mark.parametrize(
    ("author", "begins", "updates"),
    [("github-actions[bot]", True, True), ("github-actions[bot]", False, False), ("attacker", True, False)],
)
@pytest.mark.parametrize(("action", "name"), [("action.yml", "gate"), (DIFF, "diff")])
def test_only_the_actions_own_comment_is_replaced(
    action: str, name: str, author: str, begins: bool, updates: bool, tmp_path: Path
) -> None:
    runner = Runner(tmp_path)
    tool = tmp_path / "bin" / "gh"
    tool.write_text(GH, encoding="utf-8")
    tool.chmod(0o755)
    mark = f"<!-- apimpolicy {name} -->"
    body = f"{mark}\nearlier" if begins else f"look at {mark}"
    comments = [
        {"id": 1, "user": {"login": "attacker"}, "body": mark},
        {"id": 7, "user": {"login": author}, "body": body},
    ]
    (tmp_path / "comments.json").write_text(json.dumps(comments), encoding="utf-8")
    step = steps(action)[-1]
    (runner.temporary / f"apimpolicy-{name}-comment.md").write_text(mark, encoding="utf-8")
    variables = {"COMMENTS_FILE": str(tmp_path / "comments.json"), "GH_LOG": str(tmp_path / "log")}
    done = runner.run(action, step, GH_TOKEN="x", PULL_REQUEST="of-pull", COMMENTS="of-all", **variables)
    assert done.returncode == 0, done.stderr
    (sent,) = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert ("PATCH of-all/7" if updates else "POST of-pull") in sent
    assert f"apimpolicy-{name}-comment.md" in sent


@pytest.mark.parametrize(
    "state", sampled(["as released", "without a resource", "with a list that can't be installed"], 1)
)
def test_the_stage_of_azure_devops_installs_locked_versions(state: str, tmp_path: Path) -> None:
    """It fetches the commit of the resource, and installs the list with hashes before the package itself."""
    runner = Runner(tmp_path)
    lock = "" if state == "as released" else "click==8.1.8 --hash=sha256:00\n"
    (runner.tool / ".ci" / "locked-all.txt").write_text(lock, encoding="utf-8")
    tool = ["git", "-C", str(runner.tool), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "a"]):
        subprocess.run([*tool, *arguments], check=True)
    commit = subprocess.run([*tool, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    mark = make_hostile(runner.checkout)
    job = read_yaml(STAGE.read_text(encoding="utf-8"))["stages"][0]["jobs"][0]
    (script,) = [step["bash"] for step in job["steps"] if "locked-all" in step.get("bash", "")]
    assert "--require-hashes" in script
    environment = {
        "AGENT_TEMPDIRECTORY": str(runner.temporary),
        "POLICY_COMMIT": "" if state == "without a resource" else commit,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{runner.tool}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/apimpolicy/apimpolicy",
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", script],  # Azure doesn't end a script at an error
        cwd=runner.checkout,
        env={**runner.environment, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is (state == "as released"), done.stderr
    assert not mark.exists()


@pytest.mark.parametrize(("author", "updates"), [("service", True), ("attacker", False)])
def test_the_stage_of_azure_devops_replaces_its_own_comment(author: str, updates: bool, tmp_path: Path) -> None:
    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            comment = {"id": 1, "author": {"id": author}, "content": "<!-- apimpolicy gate -->\nearlier"}
            threads = {"value": [{"id": 4, "comments": []}, {"id": 7, "comments": [comment]}]}
            self.answer({"authenticatedUser": {"id": "service"}} if "connectionData" in self.path else threads)

        def do_POST(self) -> None:
            calls.append((self.command, self.path.partition("?")[0]))
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer({})

        do_PATCH = do_POST  # noqa: N815

        def answer(self, data: Any) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(data).encode())

        def log_message(self, *_: object) -> None:
            pass

    calls: list[tuple[str, str]] = []
    bodies: list[dict[str, Any]] = []
    job = read_yaml(STAGE.read_text(encoding="utf-8"))["stages"][0]["jobs"][0]
    (script,) = [step["bash"] for step in job["steps"] if "SCRIPT" in step.get("bash", "")]
    script = script.replace('"$AGENT_TEMPDIRECTORY/apimpolicy/bin/python"', sys.executable)
    (tmp_path / "apimpolicy-gate.md").write_text("### What changes", encoding="utf-8")
    with HTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        variables = {
            "SYSTEM_COLLECTIONURI": f"http://127.0.0.1:{server.server_port}/",
            "SYSTEM_TEAMPROJECTID": "project",
            "BUILD_REPOSITORY_ID": "repository",
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "3",
            "SYSTEM_ACCESSTOKEN": "token",
            "AGENT_TEMPDIRECTORY": str(tmp_path),
        }
        subprocess.run(["bash", "-e", "-c", script], env={**os.environ, **variables}, check=True, timeout=60)
        server.shutdown()
    threads = "/project/_apis/git/repositories/repository/pullRequests/3/threads"
    assert calls == [("PATCH", f"{threads}/7/comments/1") if updates else ("POST", threads)]
    assert "What changes" in str(bodies[0])


def test_no_script_starts_python_with_the_checkout_on_its_path() -> None:
    for action in ACTIONS:
        for step in steps(action):
            assert "python -m" not in step["run"]
            assert "$CHECK_" not in step["run"] or "set -f" in step["run"]
            assert "$DIFF_ARG" not in step["run"] or "set -f" in step["run"]
            assert "$GATE_ARG" not in step["run"] or "set -f" in step["run"]


def test_actions_are_pinned_by_commit() -> None:
    files = [ROOT / action for action in ACTIONS] + sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    used = [
        use for file in files for use in re.findall(r"(?m)^ *(?:- )?uses: (\S+)(.*)", file.read_text(encoding="utf-8"))
    ]
    assert len(used) > 10
    for name, comment in used:
        if name.startswith("./"):
            continue
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name), name
        assert re.fullmatch(r"  # v\d+\.\d+\.\d+", comment), name
    assert "github-actions" in (ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8")


def test_there_is_an_address_for_reports() -> None:
    assert "/security/advisories/new" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LOCKED)
def test_everything_that_is_needed_is_locked(name: str) -> None:
    packaging = pytest.importorskip("packaging.requirements", reason="packaging is not installed")
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*declared["build-system"]["requires"], *declared["project"]["dependencies"]]
    needed += (each for extra in LOCKED[name] for each in declared["project"]["optional-dependencies"][extra])
    text = (ROOT / ".ci" / name).read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)(?= |$)", text, re.MULTILINE))
    for requirement in map(packaging.Requirement, needed):
        if requirement.marker is None or requirement.marker.evaluate():
            assert requirement.specifier.contains(locked[requirement.name.lower().replace("_", "-")]), requirement
    assert text.count("==") <= text.count("--hash=")
