"""The cost of traffic, computed exactly."""

from decimal import ROUND_HALF_UP, Decimal

GB = 1024**3
"""Bytes of a GB as it is billed."""
PRICE = Decimal("0.50")
"""Yuan for a GB of traffic out to the Internet, unless the caller sets another price."""


def cost(count: int, price: Decimal) -> str:
    """Return what bytes cost in yuan, with two decimals."""
    return str((Decimal(count) * price / GB).quantize(Decimal("0.01"), ROUND_HALF_UP))


def share(part: int, whole: int) -> str:
    """Return a percentage with two decimals."""
    if not whole:
        return "0.00"
    return str((Decimal(part) * 100 / whole).quantize(Decimal("0.01"), ROUND_HALF_UP))
