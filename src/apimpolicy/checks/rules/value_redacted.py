"""value-redacted: a value is the text that an extractor writes in the place of a secret.

**What it does.** Looks for attributes and texts that are `*** REDACTED ***`; in an extracted service also for named
values.

**Why it matters.** The extractor of APIOps doesn't write secrets into files. If the file is published as it is, the
text itself becomes the value: a header or key that no backend accepts.

**Example**

```xml
<set-header name="x-functions-key" exists-action="override">
    <value>*** REDACTED ***</value>
</set-header>
```

**Use instead** a named value, `{{functions-key}}`, whose value comes from a key vault or from the pipeline.

**Sources.** https://github.com/Azure/apiops-cli
"""

from __future__ import annotations

from apimpolicy.checks.rule import Findings, Rule
from apimpolicy.text.document import Characters

REDACTED = "*** REDACTED ***"


class ValueRedacted(Rule):
    code = "POL145"
    words = ("*** redacted ***",)

    def finish(self) -> Findings:
        message = "this is the text in the place of a secret, and not the secret"
        help = "Use a named value: {{name}}."
        for element in self.subject.elements:
            for attribute in element.attributes:
                if attribute.value.text.strip() == REDACTED:
                    yield self.at_value(element, attribute.name, message, help=help)
            text = "".join(child.text for child in element.children if isinstance(child, Characters))
            if text.strip() == REDACTED:
                yield self.at_element(element, message, help=help)
