"""xslt-version: a stylesheet isn't XSLT 1.0.

**What it does.** Looks at the `version` of the stylesheet in `xsl-transform`.

**Why it matters.** The gateway supports only XSLT 1.0. In a stylesheet of another version, unknown instructions are
ignored or fail when a request comes.

**Example**

```xml
<xsl-transform><xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="2.0" /></xsl-transform>
```

**Use instead** `version="1.0"` and its instructions.

**Sources.** https://learn.microsoft.com/azure/api-management/xsl-transform-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule


class XsltVersion(Rule):
    code = "POL132"
    elements = ("xsl-transform",)

    def visit_element(self, element: Element) -> Findings:
        for sheet in element.elements():
            is_sheet = sheet.name.rpartition(":")[2] in ("stylesheet", "transform")
            if is_sheet and self.literal(sheet, "version") not in (None, "1.0"):
                yield self.at_value(sheet, "version", "the gateway supports only XSLT 1.0", help='Write version="1.0".')
