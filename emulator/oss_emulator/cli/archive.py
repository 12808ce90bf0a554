"""`oss-emulator export` and `import`: the contents of a `--data` folder as one file."""

import argparse
import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import IO, cast

from oss_emulator.cli.output import replacing
from oss_emulator.cli.parser import CommandError, Commands
from oss_emulator.cli.progress import CountedFile, Progress
from oss_emulator.storage import CorruptBlobError, FolderError, archive, failure
from oss_emulator.storage.disk import DiskStorage
from oss_emulator.storage.folder import BLOBS


def declare(commands: Commands) -> None:
    """Add both commands to the parser."""
    for name, run, first, second in (
        ("export", _export, "dir", "file"),
        ("import", _import, "file", "dir"),
    ):
        parser = commands.add_parser(name, run, description=_DESCRIPTION)
        parser.add_argument(first, metavar=first.upper(), type=Path)
        parser.add_argument(second, metavar=second.upper(), type=Path)


_DESCRIPTION = (
    "DIR is a --data folder that no server uses. FILE is a tar archive of all its buckets, "
    "configurations, objects, versions and uploads. An import checks every byte and needs a DIR "
    "that is empty or does not exist."
)


def _export(arguments: argparse.Namespace) -> int:
    folder, file = arguments.dir, arguments.file
    if not (folder / "index.sqlite").is_file():
        raise CommandError(f"{folder} is not a --data folder: it has no index.sqlite")
    storage = _open(folder)
    try:
        with replacing(file) as out, Progress("Writing the archive") as progress:
            sizes = [path.stat().st_size for path in (folder / BLOBS).glob("*/*")]
            counted = CountedFile(out, sum(sizes), progress.show)
            archive.write(storage, cast("IO[bytes]", counted))
    except Exception as error:
        raise CommandError(f"{file} cannot be written: {_reason(error)}") from None
    finally:
        storage.close()
    return 0


def _import(arguments: argparse.Namespace) -> int:
    folder, file = arguments.dir, arguments.file
    try:
        source = file.open("rb")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from None
    with source:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CommandError(f"{folder} is not empty; choose an empty folder or a new one")
        done = False
        try:
            with closing(_open(folder)) as storage, Progress("Reading the archive") as progress:
                size = os.fstat(source.fileno()).st_size
                archive.read(storage, cast("IO[bytes]", CountedFile(source, size, progress.show)))
            done = True
        except _UnopenedError:
            done = True  # what is in the folder now is of another process
            raise
        except (archive.ArchiveError, CorruptBlobError) as error:
            raise CommandError(f"{file} cannot be imported: {error}") from None
        except Exception as error:
            raise CommandError(f"{folder} cannot be written: {_reason(error)}") from None
        finally:
            if not done and folder.exists():
                _empty(folder)
    return 0


def _reason(error: Exception) -> str:
    """Describe a disk failure; raise any other error again."""
    reason = failure.describe(error)
    if reason is None and isinstance(error, OSError):
        reason = error.strerror
    if reason is None:
        raise error
    return reason


def _open(folder: Path) -> DiskStorage:
    try:
        return DiskStorage(folder)
    except FolderError as error:
        raise _UnopenedError(str(error)) from None


class _UnopenedError(CommandError):
    """A folder cannot be opened, such as one that another process uses."""


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
