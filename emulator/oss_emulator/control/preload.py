"""Preloaded folders: their files become the objects of a bucket."""

from collections.abc import Iterator
from operator import attrgetter
from os import scandir
from os.path import basename, isdir, realpath
from pathlib import Path
from urllib.parse import quote

from oss_referer.browser.default_domain import MIME_TYPES
from oss_referer.sources.toml import read_regular_file

from oss_emulator.control.seed import ReportProgress, SeedError, put, say_nothing
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.headers import is_utf8


def load(folder: Path, bucket: str, service: Service, report: ReportProgress = say_nothing) -> str:
    """Put each file below a folder as an object with the file's path in the folder as key.

    The bucket is created if it is missing. Returns a hint on how to open a bucket that browsers
    cannot read, else "". Raises SeedError without changing anything.
    """
    found = list(files(folder))
    with service.storage.transaction():
        if service.storage.bucket(bucket) is None:
            _put(service, f"/{bucket}", {}, b"", f"The bucket {bucket}")
        for number, (key, path) in enumerate(found):
            try:
                data = read_regular_file(path, service.environment.limits.object)
            except OSError as error:
                raise SeedError(f"{path} cannot be preloaded: {error.strerror}.") from None
            kind, _ = MIME_TYPES.guess_type(basename(key))
            headers = {} if kind is None else {"Content-Type": kind}
            _put(service, f"/{bucket}/{quote(key)}", headers, data, path)
            report(number + 1, len(found))
    record = service.storage.bucket(bucket)
    if record is None or record.acl != "private" or not found:
        return ""
    shown = next((key for key, _ in found if basename(key) == "index.html"), found[0][0])
    return (
        f"The bucket {bucket} is private, so a browser gets 403 for\n"
        f"  {{endpoint}}/{bucket}/{quote(shown)}\n"
        "To open it, add --seed FILE with the line\n"
        f'  bucket = [{{ name = "{bucket}", acl = "public-read" }}]'
    )


def files(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the key and the path of each file below a folder, in order.

    Raises SeedError for a link that leads out of the folder.
    """
    if not folder.is_dir():
        raise SeedError(f"{folder} cannot be preloaded: it is not a folder.")
    return _walk(str(folder), "", folder.resolve(), ())


def _walk(
    folder: str, prefix: str, root: Path, above: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    here = realpath(folder)
    if here in above:
        raise SeedError(f"{folder} cannot be preloaded: this link leads to a folder above it.")
    try:
        with scandir(folder) as entries:  # entries have their types, which saves a call each
            found = sorted(entries, key=attrgetter("name"))
    except OSError as error:
        raise SeedError(f"{folder} cannot be preloaded: {error.strerror}.") from None
    for entry in found:
        path, key, is_link = entry.path, f"{prefix}{entry.name}", entry.is_symlink()
        # For a link to itself, `Path.resolve` raises RuntimeError before Python 3.13, and
        # `entry.is_dir` raises OSError.
        if is_link and not Path(realpath(path)).is_relative_to(root):
            raise SeedError(f"{path} cannot be preloaded: this link leads out of the folder.")
        if isdir(path) if is_link else entry.is_dir():
            yield from _walk(path, f"{key}/", root, (*above, here))
        elif is_utf8(key):
            yield key, path
        else:
            raise SeedError(f"{path!r} cannot be preloaded: its name is not UTF-8.")


def _put(service: Service, target: str, headers: dict[str, str], data: bytes, what: str) -> None:
    refusal = put(service, target, headers, data)
    if refusal:
        raise SeedError(f"{what} cannot be preloaded: it was refused with {refusal}")
