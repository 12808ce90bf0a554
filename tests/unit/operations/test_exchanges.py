"""Operations and configurations: the exchanges in `fixtures/exchanges/`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rows import rows
from tests.unit.operations import exchanges
from tests.unit.operations.exchanges import CASES, Case


@rows("case", *CASES)
def test_exchange(case: Case) -> None:
    case.play()


WRONG = """# A case
PUT /bucket/a | content
GET /bucket/a
200
  {check}
"""


@rows("check", "| other", "ETag: x", "x-oss-none: x", "ETag: -", "not a check", "Key = a")
def test_wrong_expectation_fails_with_its_line(tmp_path: Path, check: str) -> None:
    path = tmp_path / "wrong.txt"
    path.write_text(WRONG.format(check=check))
    (case,) = exchanges.read(path)
    with pytest.raises(Exception, match=r".") as caught:
        case.play()
    assert f"{path}:4: 200" in caught.value.__notes__[0]


@pytest.mark.parametrize("sent", ["GET /bucket/none", "GET /bucket/none\n404 NoSuchBucket"])
def test_other_answer_fails(tmp_path: Path, sent: str) -> None:
    path = tmp_path / "wrong.txt"
    path.write_text(f"# A case\n{sent}\n")
    (case,) = exchanges.read(path)
    with pytest.raises(AssertionError, match="NoSuchKey"):
        case.play()
