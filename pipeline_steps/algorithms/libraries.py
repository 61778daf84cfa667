"""Libraries that take long to import because of what they could do besides."""

import sys
from importlib import import_module
from types import ModuleType


def import_without_sklearn(name: str) -> ModuleType:
    """Import a library that takes scikit-learn for optional, and spends seconds on it for wrappers unused here.

    None in sys.modules makes an import fail as if the module were absent.
    """
    hide = "sklearn" not in sys.modules
    if hide:
        sys.modules["sklearn"] = None  # type: ignore[assignment]
    try:
        return import_module(name)
    finally:
        if hide:
            del sys.modules["sklearn"]
