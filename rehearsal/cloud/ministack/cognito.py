"""ministack's Cognito makes an RSA key when it is imported: 0.1 s, for tokens that nothing here asks for."""

import importlib
import sys

_RSA = "cryptography.hazmat.primitives.asymmetric.rsa"


def import_without_key() -> None:
    """Import it as where there is no cryptography, in which case it does without a key."""
    # None in sys.modules marks a module as absent.
    hidden = sys.modules.get(_RSA)
    sys.modules[_RSA] = None  # type: ignore[assignment]
    try:
        importlib.import_module("ministack.services.cognito")
    finally:
        del sys.modules[_RSA]
        if hidden is not None:
            sys.modules[_RSA] = hidden
