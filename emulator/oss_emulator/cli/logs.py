"""The arguments LOG: files, folders, patterns, and `oss://BUCKET/PREFIX`, which is downloaded."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from oss_emulator.cli import bucket
from oss_emulator.cli.parser import InputError
from oss_emulator.lab.replay import sources


def find(given: Sequence[str], arguments: argparse.Namespace, folder: Path) -> list[Path]:
    """Return the files of all arguments; those of buckets are put into the folder.

    Raises InputError and LogSourceError.
    """
    found: list[Path] = []
    for number, argument in enumerate(given):
        if argument.startswith(bucket.SCHEME):
            target = folder / f"downloads-{number}"
            target.mkdir()
            bucket.download(argument, target, arguments)
            if not any(target.iterdir()):
                raise InputError(f"{argument}: there is no object with this prefix")
            found += sources.find([str(target)])
        else:
            found += sources.find([argument])
    return list(dict.fromkeys(found))
