"""How much a test tries: some cases in `make test`, all in `make thorough`, a twentieth in CI.

A test that uses this number has the marker `thorough`, which `make thorough` selects.
"""

import os

_SHARE = float(os.environ.get("OSS_EMULATOR_THOROUGH") or 0)
"""The share of the cases that `make thorough` tries; 0 in `make test`."""

THOROUGH = _SHARE > 0
"""Whether `make thorough` runs the tests."""


def cases(usual: int, thorough: int) -> int:
    """Return the number of cases to try."""
    return max(usual, round(thorough * _SHARE))
