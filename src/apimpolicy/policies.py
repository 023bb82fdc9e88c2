"""Deprecated: `apimpolicy.policies.effects` is `apimpolicy.gateway.policies.effects` now."""

import sys
import warnings

from apimpolicy.gateway.policies import effects

warnings.warn(
    "apimpolicy.policies is now apimpolicy.gateway.policies; import from there", DeprecationWarning, stacklevel=2
)
__path__: list[str] = []
sys.modules["apimpolicy.policies.effects"] = effects
