"""Preloaded folders: their files become the objects of a bucket."""

from collections.abc import Iterator
from os.path import realpath
from pathlib import Path
from urllib.parse import quote

from oss_referer.browser.default_domain import MIME_TYPES
from oss_referer.sources.toml import read_regular_file

from oss_emulator.control.seed import ReportProgress, SeedError, put, say_nothing
from oss_emulator.pipeline.service import Service


def load(folder: Path, bucket: str, service: Service, report: ReportProgress = say_nothing) -> str:
    """Put each file below a folder as an object, whose key is its path in the folder.

    The bucket is created if it is missing. Returns a hint on how to open a bucket that browsers may
    not read, "" for any other. Raises SeedError, and then nothing was changed.
    """
    paths = list(files(folder))
    with service.storage.transaction():
        if service.storage.bucket(bucket) is None:
            _put(service, f"/{bucket}", {}, b"", f"The bucket {bucket}")
        for number, path in enumerate(paths):
            key = _key(folder, path)
            try:
                data = read_regular_file(path, service.environment.limits.object)
            except OSError as error:
                raise SeedError(f"{path} cannot be preloaded: {error.strerror}.") from None
            kind, _ = MIME_TYPES.guess_type(path.name)
            headers = {} if kind is None else {"Content-Type": kind}
            _put(service, f"/{bucket}/{quote(key)}", headers, data, str(path))
            report(number + 1, len(paths))
    found = service.storage.bucket(bucket)
    if found is None or found.acl != "private" or not paths:
        return ""
    shown = next((path for path in paths if path.name == "index.html"), paths[0])
    return (
        f"The bucket {bucket} is private, so a browser gets 403 for\n"
        f"  {{endpoint}}/{bucket}/{quote(_key(folder, shown))}\n"
        "To open it, add --seed FILE with the line\n"
        f'  bucket = [{{ name = "{bucket}", acl = "public-read" }}]'
    )


def files(folder: Path) -> Iterator[Path]:
    """Walk all files below a folder in order. Raises SeedError for a link that leads out of it."""
    if not folder.is_dir():
        raise SeedError(f"{folder} cannot be preloaded: it is not a folder.")
    yield from _walk(folder, folder.resolve(), ())


def _walk(folder: Path, root: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    here = folder.resolve()
    if here in above:
        raise SeedError(f"{folder} cannot be preloaded: this link leads to a folder above it.")
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise SeedError(f"{folder} cannot be preloaded: {error.strerror}.") from None
    for path in entries:
        # `Path.resolve` of a link to itself raises a RuntimeError before Python 3.13.
        if path.is_symlink() and not Path(realpath(path)).is_relative_to(root):
            raise SeedError(f"{path} cannot be preloaded: this link leads out of the folder.")
        if path.is_dir():
            yield from _walk(path, root, (*above, here))
        else:
            yield path


def _key(folder: Path, path: Path) -> str:
    key = path.relative_to(folder).as_posix()
    try:
        key.encode()
    except UnicodeEncodeError:
        raise SeedError(f"{str(path)!r} cannot be preloaded: its name is not UTF-8.") from None
    return key


def _put(service: Service, target: str, headers: dict[str, str], data: bytes, what: str) -> None:
    refusal = put(service, target, headers, data)
    if refusal:
        raise SeedError(f"{what} cannot be preloaded: it was refused with {refusal}")
