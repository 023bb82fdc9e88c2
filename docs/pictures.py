"""Make the screenshots of the README and the documentation with Chromium.

    python docs/pictures.py

Set `CHROMIUM` if the program isn't named `chromium`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
IMAGES = HERE / "images"
EXAMPLE = HERE.parent / "examples" / "client-certificate"
CASES = """policy: orders.xml
config: false
defaults:
  gateway: {negotiate-client-certificate: true, certificates: {partner: partner}}
  request: {get: "https://contoso.example/orders"}
cases:
  - name: the partner is admitted
    request: {certificate: partner}
    expect: {status: 200}
  - name: a request without a certificate is refused
    expect: {status: 403}
"""
EXPLAIN = ("explain", "orders.xml", "--get", "https://contoso.example/orders", "--certificate")
PICTURES = {
    "journey": ([*EXPLAIN, "certificates/expired.pem", "--html"], (1000, 1010)),
    "coverage": (["test", "--coverage-report"], (1180, 980)),
}


def apimpolicy(arguments: list[str], folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "apimpolicy", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def photograph(page: Path, picture: Path, size: tuple[int, int]) -> None:
    """Take a screenshot of a page."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]
    subprocess.run(
        [
            os.environ.get("CHROMIUM", "chromium"),
            *options,
            f"--window-size={size[0]},{size[1]}",
            f"--screenshot={picture}",
            page.as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    print(f"{picture.relative_to(HERE.parent)}: {picture.stat().st_size / 1024:.0f} KB")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "example"
        shutil.copytree(EXAMPLE, folder)
        (folder / "orders.test.yaml").write_text(CASES, encoding="utf-8")
        for name, (arguments, size) in PICTURES.items():
            page = folder / f"{name}.html"
            apimpolicy([*arguments, str(page)], folder)
            photograph(page, IMAGES / f"{name}.png", size)


if __name__ == "__main__":
    main()
