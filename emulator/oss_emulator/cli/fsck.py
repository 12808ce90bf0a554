"""`oss-emulator fsck`: check a `--data` folder, and repair it on request."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from oss_emulator.cli import language
from oss_emulator.cli.parser import CommandError, Commands
from oss_emulator.referer.sentence import Sentence
from oss_emulator.storage import FolderError
from oss_emulator.system import fcntl


def declare(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("fsck", run, description=_DESCRIPTION)
    parser.add_argument("dir", metavar="DIR", type=Path)
    parser.add_switch("--repair", "keep all that is whole, and move the rest away")


_DESCRIPTION = (
    "Check the index of DIR and every byte of its objects; no server may use it. The exit status "
    "is 0 if nothing is wrong, else 1. --repair rebuilds the index from all records that are "
    "whole, and the sizes and checksums of the others from the bytes of their objects. What "
    "cannot be kept is moved to DIR/lost+found together with the old index."
)


def run(arguments: argparse.Namespace) -> int:
    """Report what is wrong, a line each."""
    from oss_emulator.pipeline.accounts import TOKEN_KEY_FILE
    from oss_emulator.storage import inspection, lost, schema
    from oss_emulator.storage.repair import repair  # loads SQLite

    folder = arguments.dir
    with ExitStack() as locks:
        with _naming_failures(folder):
            locks.enter_context(_locked(folder))
            found = inspection.inspect(folder, thorough=True)
            if found.format not in (0, schema.FORMAT) and not found.problems:
                raise CommandError(schema.refuse_format(folder, found.format))
            token_key = _check_token_key(folder)
        for problem in [*found.problems, *token_key]:
            print(language.explain(problem))
        if not found.problems and not token_key:
            print(language.say(_approve(folder, len(found.orphans(folder)))))
            return 0
        if not arguments.repair:
            return 1
        with _naming_failures(folder, repairing=True):
            done = repair(folder)
            if token_key:
                lost.move([folder / TOKEN_KEY_FILE], done.place)
                done.said.append(f"{TOKEN_KEY_FILE} was moved to {done.place}")
    for line in done.said:
        print(language.explain(line))
    kept = ", ".join(f"{count} {table}s" for table, count in done.kept.items())
    said = Sentence(
        "{} was repaired; kept: {}; the old index and the rest are in {}",
        str(folder),
        kept or Sentence("nothing"),
        str(done.place),
    )
    print(language.say(said))
    return 0


def _approve(folder: Path, orphans: int) -> Sentence:
    if orphans:
        return Sentence("{} is whole; no record refers to {} files", str(folder), str(orphans))
    return Sentence("{} is whole", str(folder))


@contextmanager
def _naming_failures(folder: Path, *, repairing: bool = False) -> Iterator[None]:
    """Raise CommandError, which names the file, for what fails; nothing may be printed inside."""
    from sqlite3 import OperationalError  # such as a full disk

    try:
        yield
    except FolderError as error:
        raise CommandError(str(error)) from None
    except (OSError, OperationalError) as error:
        where = getattr(error, "filename", None) or folder
        reason = getattr(error, "strerror", None) or error
        if repairing:
            raise CommandError(f"{where} cannot be repaired: {reason}") from None
        raise CommandError(f"{where} cannot be checked: {reason}") from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep servers and other commands away. Raises CommandError, FolderError."""
    from oss_emulator.storage.folder import BLOBS, INDEX, LOCKS, lock

    if not (folder / INDEX).exists() and not (folder / BLOBS).is_dir():
        raise CommandError(f"{folder} is not a --data folder: it has neither {INDEX} nor {BLOBS}")
    with ExitStack() as stack:
        for name in LOCKS:
            if not (folder / name).is_dir():  # else nobody can have locked it
                stack.enter_context(lock(folder, name, fcntl.LOCK_EX))
        yield


def _check_token_key(folder: Path) -> list[str]:
    """Return what is wrong with the key of security tokens and of KMS."""
    from oss_emulator.access import AccountsError
    from oss_emulator.pipeline.accounts import read_token_key

    try:
        read_token_key(folder)
    except AccountsError as error:
        return [str(error)]
    return []
