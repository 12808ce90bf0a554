"""Commands that run in the process of the tests."""

from __future__ import annotations

from typing import Any

import pytest
from oss_emulator.cli import main


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command in this process: `ask(…)` returns status, standard output and error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            status = main(arguments)
        except SystemExit as end:
            status = int(end.code or 0)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run
