"""`oss-emulator fsck`: check a `--data` folder, and repair it on request."""

import argparse
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oss_emulator.cli.parser import CommandError, Commands
from oss_emulator.storage import FolderError


def declare(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("fsck", description=_DESCRIPTION)
    parser.add_argument("dir", metavar="DIR", type=Path)
    parser.add_argument(
        "--repair", action="store_true", help="keep all that is whole, and move the rest away"
    )
    parser.set_defaults(run=run, parser=parser)


_DESCRIPTION = (
    "Check the index of DIR and every byte of its objects; no server may use it. The exit status "
    "is 0 if nothing is wrong, else 1. --repair rebuilds the index from all records that are "
    "whole, and the sizes and checksums of the others from the bytes of their objects. What "
    "cannot be kept is moved to DIR/lost+found together with the old index."
)


def run(arguments: argparse.Namespace) -> int:
    """Report what is wrong, a line each."""
    from oss_emulator.storage import inspection, schema
    from oss_emulator.storage.repair import repair  # loads SQLite

    folder = arguments.dir
    try:
        with _locked(folder):
            found = inspection.inspect(folder, thorough=True)
            if found.format not in (0, schema.FORMAT) and not found.problems:
                raise CommandError(schema.refuse_format(folder, found.format))
            for problem in found.problems:
                print(problem)
            if not found.problems:
                count = len(found.orphans(folder))
                print(
                    f"{folder} is whole" + (f"; no record refers to {count} files" if count else "")
                )
                return 0
            if not arguments.repair:
                return 1
            done = repair(folder)
    except FolderError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{folder} cannot be checked: {error}") from None
    for line in done.said:
        print(line)
    kept = ", ".join(f"{count} {table}s" for table, count in done.kept.items()) or "nothing"
    print(f"{folder} was repaired; kept: {kept}; the old index and the rest are in {done.place}")
    return 0


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep servers and other commands away. Raises CommandError, FolderError."""
    from oss_emulator.storage.folder import BLOBS, INDEX, lock

    if not (folder / INDEX).is_file() and not (folder / BLOBS).is_dir():
        raise CommandError(f"{folder} is not a --data folder: it has neither {INDEX} nor {BLOBS}")
    with lock(folder, "lock", fcntl.LOCK_EX), lock(folder, "workers", fcntl.LOCK_EX):
        yield
