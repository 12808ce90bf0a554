"""The arguments LOG: files, folders, patterns, and `oss://BUCKET/PREFIX`, which is downloaded."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Mapping, Sequence
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
        elif Path(argument).is_fifo():
            found.append(_copy(Path(argument), folder / f"pipe-{number}"))
        else:
            found += sources.find([argument])
    return list(dict.fromkeys(found))


def _copy(pipe: Path, target: Path) -> Path:
    """Copy what comes through a pipe: a log is read more than once."""
    with pipe.open("rb") as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)
    return target


def check_outputs(
    outputs: Mapping[str, str | None], logs: Sequence[Path], rules: Sequence[str | None]
) -> None:
    """Raise InputError for an output, by its flag, that would overwrite a file that is read."""
    read = [*logs, *(Path(given.partition("#")[0]) for given in rules if given)]
    existing = [path for path in read if path.is_file()]
    for flag, name in outputs.items():
        if name and Path(name).exists() and any(path.samefile(name) for path in existing):
            raise InputError(f"{flag}: {name} is read by this command; name another file")
