"""Causal graphs from a table of data in one forward pass of a pretrained transformer.

Importing this package is cheap; JAX and pandas are imported when first needed.
"""

import importlib.metadata
import importlib.util
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amortize.estimator import CausalDiscovery
    from amortize.graph import CausalGraph
    from amortize.predict import load

__version__ = "0.1.0"
__all__ = ["CausalDiscovery", "CausalGraph", "__version__", "load"]

_HOMES = {
    "CausalDiscovery": "amortize.estimator",
    "CausalGraph": "amortize.graph",
    "load": "amortize.predict",
}

if importlib.util.find_spec("jaxlib") and importlib.metadata.version("jaxlib").startswith("0.9."):
    # That version logs an error, which is none, for every program that it reads from the cache.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'amortize' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
