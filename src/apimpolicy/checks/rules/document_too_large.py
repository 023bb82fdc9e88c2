"""document-too-large: a policy document is larger than the gateway accepts.

**What it does.** Where the tier is known (`--tier`), looks for documents of more than 256 KiB, in the Consumption tier
of more than 16 KiB.

**Why it matters.** Microsoft documents these sizes as the limits of a policy document. Azure refuses to save a larger
one.

**Example**

```xml
<return-response>
    <set-body>… 300 KiB of HTML …</set-body>
</return-response>
```

**Use instead** fragments for what several documents share, and a backend or a blob for large literal texts.

**Sources.** https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits
"""

from __future__ import annotations

from apimpolicy.checks.rule import Findings, Rule

USUAL, CONSUMPTION = 256 * 1024, 16 * 1024


class DocumentTooLarge(Rule):
    code = "POL147"
    known = ("tier",)

    def finish(self) -> Findings:
        is_small = self.settings.tier == "consumption"
        most, text = (CONSUMPTION if is_small else USUAL), self.document.source.text
        if len(text) * 4 <= most or (size := len(text.encode("utf-8", "replace"))) <= most:
            return
        for root in self.document.roots[:1]:
            where = " in the Consumption tier" if is_small else ""
            message = f"the document has {size:,} bytes, and a policy may have {most:,}{where}"
            yield self.at_element(root, message, help="Move parts into fragments.")
