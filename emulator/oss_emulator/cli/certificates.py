"""The files of certificates, which `diff` writes and `verify` reads."""

import json
from collections.abc import Callable
from pathlib import Path

from oss_emulator.cli.output import writing
from oss_emulator.cli.parser import CommandError
from oss_emulator.lab.automaton import UndecidedError


def write(name: str, make: Callable[[], object]) -> None:
    """Write what `make` returns, a certificate or several, to a file. Raises CommandError."""
    try:
        made = make()
    except UndecidedError:
        raise CommandError(
            f"{name} is not written: the rules are too many or too complex to prove that they "
            "are equivalent"
        ) from None
    with writing(Path(name)) as file:
        file.write(f"{json.dumps(made, indent=2, ensure_ascii=False)}\n".encode())
