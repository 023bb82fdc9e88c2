"""ARM templates that Terraform code deploys, with the parameters that it gives them.

Source: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/resource_group_template_deployment
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.project.infrastructure.arm.parser import parse_json
from apimpolicy.project.infrastructure.arm.template import JsonTemplate
from apimpolicy.project.infrastructure.parsing import NotReadable
from apimpolicy.project.infrastructure.resources import Note, texts_in
from apimpolicy.project.infrastructure.terraform.texts import decode_json
from apimpolicy.project.infrastructure.values import SourcedText, Unknown, Value, is_known
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.terraform.instances import Instance

_ATTRIBUTES = ("template_content", "parameters_content")
_TYPES = {
    "azurerm_resource_group_template_deployment": _ATTRIBUTES,
    "azurerm_subscription_template_deployment": _ATTRIBUTES,
    "azurerm_template_deployment": ("template_body", "parameters_body"),
}
"""Types of resources, with the attributes that have the template and its parameters as JSON."""
_TEXTS = "parameters"
"""The attribute of the type that azurerm had up to version 2, with parameters that are texts."""


def deployment_of(instance: Instance) -> JsonTemplate | Note | None:
    """Return the template that a resource deploys, or a note if it can't be read; None for other resources."""
    if instance.type not in _TYPES:
        return None
    content, parameters = map(instance.get, _TYPES[instance.type])
    given = _parameters(parameters, instance.get(_TEXTS))
    try:
        source = _source(content, instance)
        node = parse_json(source)
    except (LookupError, NotReadable):
        shown = content.text if isinstance(content, Unknown) else "it isn't JSON"
        module = f"{instance.address} ({shown})"
        texts = texts_in([given, content])
        return Note("", instance.block.source, instance.block.start, module=module, hides=True, texts=texts)
    template = JsonTemplate(source, node, instance.module.budget, given, None, instance.address)
    if given is None:
        declared = template.entries(template.sections.get("parameters"))
        template.given = {name: Unknown(f"{instance.address}.{name}") for name, _ in declared}
    template.doubts = instance.module.doubts | {instance.doubt} - {""}
    return template


def _source(content: Value, instance: Instance) -> Source:
    """Return the text of a template: the file that has it, or a text at the resource. Raises LookupError."""
    if not isinstance(content, str):
        raise LookupError(content)
    parts = content.parts if isinstance(content, SourcedText) else ()
    if len(parts) == 1 and parts[0].text == parts[0].source.text:
        return parts[0].source
    return Source(str(content), instance.block.source.path)


def _parameters(written: Value, texts: Value) -> dict[str, Value] | None:
    """Return the values of parameters; None if they aren't known."""
    if texts is not None:
        more = _parameters(written, None)
        return {**more, **texts} if more is not None and isinstance(texts, dict) else None
    if written is None:
        return {}
    try:
        found = decode_json(written) if isinstance(written, str) else None
    except (LookupError, ValueError, TypeError):
        return None
    if not isinstance(found, dict) or not is_known(written):
        return None
    return {name: each.get("value") if isinstance(each, dict) else each for name, each in found.items()}
