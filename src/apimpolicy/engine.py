"""Deprecated: `apimpolicy.engine.observation` is `apimpolicy.gateway.engine.observation` now."""

import sys
import warnings

from apimpolicy.gateway.engine import observation

warnings.warn("apimpolicy.engine is now apimpolicy.gateway.engine; import from there", DeprecationWarning, stacklevel=2)
__path__: list[str] = []
sys.modules["apimpolicy.engine.observation"] = observation
