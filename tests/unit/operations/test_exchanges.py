"""Operations and configurations: the exchanges in `fixtures/exchanges/`."""

from __future__ import annotations

from tests.rows import rows
from tests.unit.operations.exchanges import CASES, Case


@rows("case", *CASES)
def test_exchange(case: Case) -> None:
    case.play()
