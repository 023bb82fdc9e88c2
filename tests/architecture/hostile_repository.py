"""A repository with modules named like those that Python and the tool import; each leaves a mark when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MARK = "it-ran"
MODULES = ("apimpolicy", "attrs", "click", "ensurepip", "json", "lxml", "multiprocessing", "pip", "re", "venv")


def make_hostile(folder: Path) -> Path:
    """Put such modules into a folder, as packages that also run with `-m`; return the file that they create."""
    mark = folder.parent / MARK
    code = f"open({str(mark)!r}, 'a').write(__name__ + '\\n')\n"
    for name in MODULES:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(code, encoding="utf-8")
        (folder / name / "__main__.py").write_text(code, encoding="utf-8")
    for name in ("sitecustomize", "usercustomize"):
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
    return mark
