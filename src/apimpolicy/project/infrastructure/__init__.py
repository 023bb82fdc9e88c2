"""Infrastructure code: Terraform, Bicep and ARM templates, parsed with positions and evaluated as far as possible.

`parsing` is the parser of expressions that the languages share, `evaluation` their evaluator. Both are total: what
can't be read is an `Unreadable` node, and what isn't known a value of its own (`values.Unknown`).
"""
