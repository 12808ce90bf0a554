"""The arguments LOG: files, folders, patterns, and `oss://BUCKET/PREFIX`, which is downloaded."""

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import combinations
from os.path import realpath
from pathlib import Path

from oss_referer.replay import sources
from oss_referer.terminal import bucket
from oss_referer.terminal.parser import InputError

_PIECE = 1 << 16  # bytes


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
        elif _is_pipe(argument):
            # Logs are read more than once, and a pipe cannot be.
            target = folder / f"pipe-{number}"
            target.mkdir()
            with Path(argument).open("rb") as pipe:
                sources.store(iter(partial(pipe.read, _PIECE), b""), target / "log")
            found += sources.find([str(target)])
        else:
            found += sources.find([argument])
    return list(dict.fromkeys(found))


def _is_pipe(argument: str) -> bool:
    try:
        return Path(argument).is_fifo()
    except OSError:
        return False  # whoever looks for files says what is wrong


def check_outputs(
    outputs: Mapping[str, str | None], logs: Sequence[Path], rules: Sequence[str | None]
) -> None:
    """Raise InputError if an output would overwrite an input or another output.

    `outputs` are the names of files by the flags that give them.
    """
    places = {flag: realpath(name) for flag, name in outputs.items() if name}
    for (one, path), (other, same) in combinations(places.items(), 2):
        if path == same and not Path(path).is_char_device():
            raise InputError(f"{other}: {outputs[other]} is the file of {one}; name another file")
    read = [*logs, *(Path(given.partition("#")[0]) for given in rules if given)]
    existing = [path for path in read if path.is_file()]
    for flag, name in outputs.items():
        if name and Path(name).exists() and any(path.samefile(name) for path in existing):
            raise InputError(f"{flag}: {name} is read by this command; name another file")
