"""How much a test tries: some cases in `make test`, more in `make thorough`, which CI runs too.

A test whose cases depend on this has the marker `thorough`, by which `make thorough` finds it.
"""

import os

THOROUGH = bool(os.environ.get("OSS_EMULATOR_THOROUGH"))
"""Whether `make thorough` runs the tests."""


def cases(usual: int, thorough: int) -> int:
    """Return the number of cases to try."""
    return thorough if THOROUGH else usual
