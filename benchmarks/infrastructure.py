"""Time to read a service from Terraform and Bicep code: seconds for each MB, and against `str.splitlines`.

    python benchmarks/infrastructure.py [--megabytes N] [--folder FOLDER]

Without a folder it makes one: APIs with policies in heredocs, locals, conditions and many operations. `split` finds the
blocks of all files, `parse` parses all of them, `read` evaluates what describes the service. With tree-sitter-hcl
installed (for this benchmark alone) it shows what that takes to parse the same files.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy.project.infrastructure.terraform.parser import parse_file
from apimpolicy.project.overlays import NO_CHANGES
from apimpolicy.project.service.reading import describe
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.project.infrastructure.terraform.parser import Body

MAIN = """variable "prefix" { default = "dev" }
variable "keys" { default = false }
resource "azurerm_api_management" "main" {
  name = "apim-${var.prefix}"
}
"""
API = """
locals {
  name_@ = format("%s-%03d", var.prefix, @)
}

resource "azurerm_api_management_api" "api_@" {
  name                  = local.name_@
  api_management_name   = azurerm_api_management.main.name
  revision              = "1"
  display_name          = "API ${upper(local.name_@)}"
  path                  = "${var.prefix}/api@"
  protocols             = ["https"]
  subscription_required = var.keys ? true : false
}

resource "azurerm_api_management_api_policy" "api_@" {
  api_name            = azurerm_api_management_api.api_@.name
  api_management_name = azurerm_api_management.main.name
  xml_content         = <<-XML
    <policies>
      <inbound>
        <base />
        <set-header name="x-api" exists-action="override">
          <value>@@(context.Request.Headers.GetValueOrDefault("x", "${local.name_@}"))</value>
        </set-header>
      </inbound>
      <backend><base /></backend>
      <outbound><base /></outbound>
      <on-error><base /></on-error>
    </policies>
  XML
}
"""
OPERATION = """
resource "azurerm_api_management_api_operation" "api_@_#" {
  operation_id        = "op-#"
  api_name            = azurerm_api_management_api.api_@.name
  api_management_name = azurerm_api_management.main.name
  display_name        = "Operation #"
  method              = element(["GET", "POST"], #)
  url_template        = "/things/#/{id}"
  description         = "Operation # of the API @, which does a lot of things"

  template_parameter {
    name     = "id"
    type     = "string"
    required = true
  }

  response {
    status_code = 200
    description = "OK"
  }
}
"""


def make(folder: Path, megabytes: float) -> None:
    """Write a folder of about this size."""
    (folder / "main.tf").write_text(MAIN)
    size = number = 0
    while size < megabytes * 1e6:
        text = API + "".join(OPERATION.replace("#", str(each)) for each in range(38))
        text = text.replace("@@", "\0").replace("@", str(number)).replace("\0", "@")
        (folder / f"api_{number}.tf").write_text(text)
        size += len(text)
        number += 1


def least(run: Callable[[], object], rounds: int = 3) -> float:
    """The least processor time of several runs."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def force(body: Body) -> None:
    """Parse everything in a body."""
    for attribute in body.attributes.values():
        _ = attribute.value
    for block in body.blocks:
        force(block.body)


def measure(folder: Path) -> None:
    """Print the table."""
    gc.disable()
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.tf"))]
    megabytes = sum(map(len, texts)) / 1e6
    rows = [
        ("splitlines", least(lambda: [text.splitlines() for text in texts])),
        ("split", least(lambda: [parse_file(Source(text)) for text in texts])),
        ("parse", least(lambda: [force(parse_file(Source(text))) for text in texts])),
        ("read", least(lambda: describe(str(folder), NO_CHANGES))),
    ]
    try:
        import tree_sitter_hcl
        from tree_sitter import Language, Parser
    except ImportError:
        pass
    else:
        parser = Parser(Language(tree_sitter_hcl.language()))
        rows.append(("tree-sitter-hcl", least(lambda: [parser.parse(text.encode()) for text in texts])))
    print(f"{len(texts)} files, {megabytes:.1f} MB")
    for name, seconds in rows:
        print(f"{name:16} {seconds:7.2f} s {seconds / megabytes:7.3f} s/MB {seconds / rows[0][1]:7.0f}×")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--megabytes", type=float, default=5)
    arguments.add_argument("--folder", type=Path)
    given = arguments.parse_args()
    if given.folder is not None:
        measure(given.folder)
        return
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), given.megabytes)
        measure(Path(folder))


if __name__ == "__main__":
    main()
