"""Run commands in this process that must fail with one sentence."""

import io
import os
import re
import signal
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

from oss_emulator.cli import main

from tests.cli.process import environment
from tests.client import PATIENCE


def refuse(*arguments: str, **variables: str) -> str:
    """Run a command, with variables of the environment; return the sentence."""
    return fail(*arguments, **variables)[1]


def fail(*arguments: str, **variables: str) -> tuple[int, str]:
    """Run a command, with variables of the environment; return its exit status and sentence."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environment(**variables), clear=True),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
    ):
        signal.alarm(int(PATIENCE))  # end the process if the command starts to serve
        try:
            status = main(arguments)
        except SystemExit as ended:
            status = int(ended.code or 0)
        finally:
            signal.alarm(0)
    assert status != 0
    assert re.fullmatch(r"oss-emulator( [a-z]+)?: .+\n", stderr.getvalue())
    assert stdout.getvalue() == ""
    return status, stderr.getvalue()
