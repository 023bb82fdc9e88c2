"""JSON and YAML as plain data, with bounds: no tags, no dates, nothing but true and false as truth values."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from apimpolicy.errors import ConfigurationError

MAX_ALIASES = 2_000
"""More `*alias` in one YAML document are refused: they multiply what they refer to."""


def parse_json_or_yaml(content: bytes, name: str) -> Any:
    """Return the data of a file; `name` is for messages. Raises ConfigurationError."""
    text = content.decode("utf-8-sig", "replace")
    try:
        if text.lstrip()[:1] in ("{", "["):
            return json.loads(text)
    except RecursionError:
        raise ConfigurationError(f"{name} is nested too deeply") from None
    except ValueError as error:
        if text.lstrip()[:1] == "[" or '"' in text[:200]:
            raise ConfigurationError(f"{name} is not JSON: {error}") from None
    import yaml

    try:
        return yaml.load(text, Loader=_loader())
    except RecursionError:
        raise ConfigurationError(f"{name} is nested too deeply") from None
    except (LookupError, AttributeError, TypeError, OverflowError):  # `!!bool maybe`
        raise ConfigurationError(f"{name} is not YAML: a value does not match its tag") from None
    except (yaml.YAMLError, ValueError) as error:
        if "maximum nesting depth" in str(error):
            raise ConfigurationError(f"{name} is nested too deeply") from None
        raise ConfigurationError(f"{name} is neither JSON nor YAML: {' '.join(str(error).split())[:300]}") from None


@cache
def _loader() -> Any:
    """Return a YAML loader with JSON's kinds of values: a date stays text, and so do `yes` and `off`.

    The parser in C, where there is one, takes a third of the time.
    """
    import yaml
    from yaml.composer import Composer

    fast: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class PlainLoader(Composer, fast):  # type: ignore[misc]
        aliases = 0

        def __init__(self, stream: Any) -> None:
            Composer.__init__(self)
            fast.__init__(self, stream)

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                self.aliases += 1
                if self.aliases > MAX_ALIASES:
                    raise yaml.YAMLError(f"more than {MAX_ALIASES} aliases")
            return super().compose_node(parent, index)

    left_out = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")
    PlainLoader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in left_out]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    PlainLoader.add_implicit_resolver(
        "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$", re.ASCII), list("tTfF")
    )
    return PlainLoader
