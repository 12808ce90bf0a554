"""Tools for tests: `Emulator`, assertions on hotlink protection, interception of requests."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oss_emulator.testing.assertions import assert_allowed, assert_denied
    from oss_emulator.testing.emulator import Emulator
    from oss_emulator.testing.interception import intercept

__all__ = ["Emulator", "assert_allowed", "assert_denied", "intercept"]

_MODULES = {
    "Emulator": "emulator",
    "assert_allowed": "assertions",
    "assert_denied": "assertions",
    "intercept": "interception",
}


def __getattr__(name: str) -> Any:
    # Import on first use: pytest loads the plugin in this package even if no test uses it.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
