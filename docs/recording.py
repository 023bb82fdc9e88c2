"""Makes `docs/images/first-minutes.svg`: an animated recording of five commands on the example of the home page.

    python docs/recording.py

The commands run in an empty folder with the files below. Times in their output are fixed, so that the same version of
the program gives the same file. The picture follows the reader's color scheme and preference for reduced motion.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURE = Path(__file__).parent / "images" / "first-minutes.svg"
COLUMNS, ROWS = 104, 14
WIDTH, LINE, LEFT, TOP = 8.43, 20, 20, 58
"""Pixels: of a character, of a line, and of the margins."""
SECONDS_PER_LETTER, PAUSE = 0.035, 0.5

POLICY = """<policies>
    <inbound>
        <base />
        <choose>
            <when condition="@({condition})">
                <return-response><set-status code="403" reason="Invalid client certificate" /></return-response>
            </when>
        </choose>
    </inbound>
</policies>
"""
LIMIT = '<rate-limit calls="100" renewal-period="3600" />'
DRAFT = 'context.Request.Certificate.ThumbPrint != "{{partner-thumbprint}}"'
RIGHT = """context.Request.Certificate == null
                || !context.Request.Certificate.Verify()
                || context.Request.Certificate.Thumbprint != "{{partner-thumbprint}}\""""
TESTS = """policy: orders.xml
defaults:
  gateway: {negotiate-client-certificate: true}
  named-values: {partner-thumbprint: {thumbprint: partner}}
  request: {get: /orders}
cases:
  - name: the partner is admitted
    request: {certificate: partner}
    expect: {status: 200, backend-requests: 1}
  - name: the certificate '$certificate' is refused
    each: [{certificate: null}, {certificate: expired}, {certificate: revoked}, {certificate: stranger}]
    request: {certificate: $certificate}
    expect: {status: 403, reason: Invalid client certificate, backend-requests: 0}
claims:
  - name: no request without a verified certificate reaches the backend
    if: reaches-backend
    then: '@(context.Request.Certificate != null && context.Request.Certificate.Verify())'
"""


class Scene(NamedTuple):
    """A command with what the viewer reads above it, and for how many seconds its output stays."""

    title: str
    command: str
    seconds: float


SCENES = (
    Scene("1. Find an error before you save the policy to Azure", "apimpolicy check draft.xml", 5),
    Scene(
        "2. Fix it, and see why a request is refused",
        "apimpolicy explain orders.xml --get /orders --named-value partner-thumbprint=A05D",
        8,
    ),
    Scene("3. Test it", "apimpolicy test --coverage", 5),
    Scene("4. Prove it for every request", "apimpolicy prove", 5),
    Scene("5. Serve it on this machine", "apimpolicy serve orders.xml", 5),
)
SERVED = """http://127.0.0.1:8080   https://127.0.0.1:8443   (authority: ~/…/authority.pem)
requests: http://127.0.0.1:41234/k3Vx…/
  ANY    /*
12:00:01 GET /orders                     \x1b[31m403 Invalid client certificate\x1b[0m  orders.xml:5 choose ▸ when 1
12:00:07 GET /orders  CN=partner (5B4C…)     \x1b[32m200 OK\x1b[0m                      the backend
"""
"""`serve` doesn't end, and its ports and token differ each time."""

_STYLES = {"1;31": "e", "1;33": "w", "1;36": "i", "32": "g", "31": "e", "2": "d", "1": "b"}
_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")


def output_of(command: str, folder: Path) -> str:
    """Return what a command prints, with its colors."""
    if command.startswith("apimpolicy serve"):
        return SERVED
    environment = {**os.environ, "FORCE_COLOR": "1", "APIMPOLICY_CACHE_DIR": str(folder / ".cache")}
    done = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return re.sub(r"\b\d+\.\d\d s\b", "0.12 s", done.stdout)


def shown(line: str) -> str:
    """Return a line as tspans, cut to the width of the picture."""
    parts: list[str] = []
    kind, left = "", COLUMNS
    for index, part in enumerate(_ESCAPE.split(line)):
        if index % 2:
            kind = _STYLES.get(part, "")
            continue
        text = part if len(part) <= left else part[: max(left - 1, 0)] + "…" * (left > 0)
        left -= len(text)
        if text:
            parts.append(f'<tspan class="{kind}">{escape(text)}</tspan>' if kind else escape(text))
    return "".join(parts)


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        draft = POLICY.replace("{condition}", DRAFT).replace("<base />", f"<base />\n        {LIMIT}")
        (folder / "draft.xml").write_text(draft, encoding="utf-8")
        (folder / "orders.xml").write_text(POLICY.replace("{condition}", RIGHT), encoding="utf-8")
        (folder / "orders.test.yaml").write_text(TESTS, encoding="utf-8")
        outputs = []
        for scene in SCENES:
            outputs.append(output_of(scene.command, folder))
            (folder / "draft.xml").unlink(missing_ok=True)
    PICTURE.write_text("\n".join(picture(outputs)) + "\n", encoding="utf-8")
    print(f"{PICTURE.name}: {PICTURE.stat().st_size / 1024:.0f} KB")


def picture(outputs: list[str]) -> Iterator[str]:
    """Yield the lines of the picture."""
    lengths = [len(scene.command) * SECONDS_PER_LETTER + PAUSE + scene.seconds for scene in SCENES]
    total = sum(lengths)
    width, height = round(COLUMNS * WIDTH + 2 * LEFT), TOP + ROWS * LINE + 16
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
    yield "<title>Five commands: check, explain, test, prove and serve a policy</title>"
    yield "<style>"
    yield (
        "svg{--page:#fff;--edge:#d0d7de;--ink:#1f2328;--dim:#59636e;--e:#b3261e;--w:#8a5a00;--i:#0b5cad;--g:#1a7f4b}"
        "@media(prefers-color-scheme:dark){svg{--page:#0d1117;--edge:#3d444d;--ink:#e6edf3;--dim:#9198a1;--e:#ff8f86;"
        "--w:#f0c05a;--i:#78b4ff;--g:#5fd097}}"
    )
    yield (
        "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:var(--ink);"
        "white-space:pre}.t{font-weight:600;fill:var(--i)}.e,.w{fill:var(--e);font-weight:600}.w{fill:var(--w)}"
        ".i{fill:var(--i)}.g{fill:var(--g)}.d{fill:var(--dim)}.b{font-weight:600}"
    )
    yield f".s{{opacity:0;animation:{total:.2f}s step-end infinite}}"
    began = 0.0
    for number, (scene, length) in enumerate(zip(SCENES, lengths, strict=True)):
        typed = len(scene.command) * SECONDS_PER_LETTER
        start, ready, end = (100 * each / total for each in (began, began + typed + PAUSE, began + length))
        first = "" if number == 0 else "0%{opacity:0}"
        last = "" if number == len(SCENES) - 1 else f"{end:.2f}%{{opacity:0}}"
        yield f"@keyframes s{number}{{{first}{start:.2f}%{{opacity:1}}{last}}}"
        yield f"@keyframes o{number}{{0%{{opacity:0}}{ready:.2f}%{{opacity:1}}{last}}}"
        covered = f"{start:.2f}%{{transform:none;animation-timing-function:steps({len(scene.command)})}}"
        moved = (
            f"{100 * (began + typed) / total:.2f}%,100%{{transform:translateX({len(scene.command) * WIDTH + 9:.1f}px)}}"
        )
        yield f"@keyframes c{number}{{{covered}{moved}}}"
        yield f".s{number}{{animation-name:s{number}}}.o{number}{{animation-name:o{number}}}"
        yield f".c{number}{{animation:c{number} {total:.2f}s infinite}}"
        began += length
    yield (
        "@media(prefers-reduced-motion:reduce){.s,[class^=c]{animation:none}.s1,.o1{opacity:1}[class^=c]{opacity:0}}"
        "</style>"
    )
    frame = f'width="{width - 1}" height="{height - 1}" rx="8" fill="var(--page)" stroke="var(--edge)"'
    yield f'<rect x=".5" y=".5" {frame}/><svg width="{width - LEFT}" height="{height}">'
    for number, (scene, output) in enumerate(zip(SCENES, outputs, strict=True)):
        yield f'<g class="s s{number}"><text class="t" x="{LEFT}" y="28">{escape(scene.title)}</text>'
        command = f'<tspan class="d">$ </tspan><tspan class="b">{escape(scene.command)}</tspan>'
        yield f'<text x="{LEFT}" y="{TOP}">{command}</text>'
        cover = f'x="{LEFT + 2 * WIDTH - 1:.1f}" y="{TOP - 15}" width="{width - 3 * LEFT}" height="{LINE}"'
        yield f'<rect class="c{number}" {cover} fill="var(--page)"/></g>'
        yield f'<g class="s o{number}">'
        for row, line in enumerate(output.rstrip("\n").split("\n")[: ROWS - 1], 1):
            if line:
                yield f'<text x="{LEFT}" y="{TOP + row * LINE}">{shown(line)}</text>'
        yield "</g>"
    yield "</svg></svg>"


if __name__ == "__main__":
    main()
