"""Seeds: accounts, and buckets with ACLs, rules and objects, created with requests of the owner."""

import errno
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from os.path import realpath
from pathlib import Path
from urllib.parse import quote

from oss_referer import RefererConfiguration
from oss_referer.sources import referer_xml
from oss_referer.sources.toml import Path as TomlPath
from oss_referer.sources.toml import SourceError, TomlDocument, format_path, read_regular_file

from oss_emulator.access.accounts import Accounts, AccountsError, AccountTable
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol import xml
from oss_emulator.protocol.message import Request, Response


class SeedError(ValueError):
    """An invalid seed; the text says where and why."""


@dataclass(frozen=True, slots=True)
class ObjectTable:
    """`[[bucket.object]]`: an object with either a `text` or the contents of a `file`."""

    key: str
    text: str | None = None
    file: str | None = None
    content_type: str | None = None
    acl: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BucketTable:
    """`[[bucket]]`."""

    name: str
    acl: str | None = None
    storage_class: str | None = None
    redundancy: str | None = None
    referer: RefererConfiguration | None = None
    object: tuple[ObjectTable, ...] = ()


@dataclass(frozen=True, slots=True)
class SeedDocument:
    hint: str = ""
    """The text to show when the server is ready."""
    account: tuple[AccountTable, ...] = ()
    bucket: tuple[BucketTable, ...] = ()


ReportProgress = Callable[[int, int], None]
"""Called with the numbers of loaded objects and of all objects."""


def say_nothing(done: int, total: int) -> None:
    """Report no progress."""


def load(path: Path, service: Service, report: ReportProgress = say_nothing) -> str:
    """Create the contents of a seed file and return its `hint`.

    Buckets that the storage already has stay as they are, with their rules and objects. Paths of
    files are relative to the seed file. Raises SeedError.
    """
    creator = _SeedCreator(_name(path), _read(path), service, path.parent)
    creator.set_accounts()
    kept = {bucket.name for bucket in service.storage.buckets()}
    creator.put_buckets(report, kept)
    found = ", ".join(bucket.name for bucket in creator.seed.bucket if bucket.name in kept)
    said = f"The seed did not change what --data already has: {found}" if found else ""
    return "\n".join(filter(None, (creator.seed.hint, said)))


def files(path: Path) -> list[Path]:
    """Return the files that the objects of a seed name; empty for an invalid seed."""
    try:
        seed: SeedDocument = TomlDocument.parse(_read(path)).convert(SeedDocument)
    except (SeedError, SourceError):
        return []
    items = (item for bucket in seed.bucket for item in bucket.object)
    return [path.parent / item.file for item in items if item.file and "\0" not in item.file]


def apply(name: str, source: str | bytes, service: Service) -> None:
    """Create the contents of a seed; its objects cannot name files, and it cannot have accounts.

    The text of each SeedError begins with `name`.
    """
    creator = _SeedCreator(name, source, service, None)
    if creator.seed.account:
        raise creator.error(("account",), "only the seed that a server starts with has accounts")
    creator.put_buckets()


def _name(path: Path) -> str:
    return f"The seed {path}"


def _read(path: Path) -> bytes:
    try:
        return read_regular_file(path)
    except OSError as error:
        raise SeedError(f"{_name(path)} cannot be read: {error.strerror}.") from None


class _SeedCreator:
    """Creates the contents of a seed with requests of the owner."""

    def __init__(
        self, name: str, source: str | bytes, service: Service, folder: Path | None
    ) -> None:
        self._name = name
        self._service = service
        self._folder = folder
        try:
            self._document = TomlDocument.parse(source)
            self.seed: SeedDocument = self._document.convert(SeedDocument)
        except SourceError as error:
            raise SeedError(f"{name}, {error}.") from None

    def error(self, place: TomlPath, sentence: str) -> SeedError:
        return SeedError(f"{self._name}, {self._document.error(place, sentence)}.")

    def set_accounts(self) -> None:
        """Replace the configured account by the accounts of the seed, if it has any."""
        if not self.seed.account:
            return
        known = self._service.settings.accounts
        if known is not None:
            sentence = f"the accounts are already in the file {known}; keep one of the two"
            raise self.error(("account",), sentence)
        try:
            self._service.accounts = Accounts.build(
                self.seed.account, self._document.error, token_key=self._service.token_key
            )
        except AccountsError as error:
            raise SeedError(f"{self._name}, {error}") from None

    def put_buckets(self, report: ReportProgress = say_nothing, kept: Collection[str] = ()) -> None:
        """Create all buckets except `kept`, with their rules and objects, all or nothing."""
        new = [(i, bucket) for i, bucket in enumerate(self.seed.bucket) if bucket.name not in kept]
        done, total = 0, sum(len(bucket.object) for _, bucket in new)
        with self._service.storage.transaction():
            for number, bucket in new:
                here: TomlPath = ("bucket", number)
                target = self._put_bucket(here, bucket)
                for position, item in enumerate(bucket.object):
                    self._put_object((*here, "object", position), target, item)
                    done += 1
                    report(done, total)

    def _put_bucket(self, place: TomlPath, bucket: BucketTable) -> str:
        """Create a bucket with its rules; returns its path."""
        target = f"/{quote(bucket.name, safe='')}"
        headers = {} if bucket.acl is None else {"x-oss-acl": bucket.acl}
        self._put(place, target, headers, _create_bucket_configuration(bucket))
        if bucket.referer is not None:
            here = (*place, "referer")
            try:
                rules = referer_xml.format(bucket.referer)
            except ValueError as error:
                raise self.error(here, f"an entry cannot be written as XML: {error}") from None
            self._put(here, f"{target}?referer", {}, rules)
        return target

    def _put_object(self, place: TomlPath, bucket: str, item: ObjectTable) -> None:
        if not item.key:
            raise self.error((*place, "key"), 'key is ""; write a non-empty string')
        headers = dict(item.headers)
        if item.content_type is not None:
            headers["Content-Type"] = item.content_type
        if item.acl is not None:
            headers["x-oss-object-acl"] = item.acl
        self._put(place, f"{bucket}/{quote(item.key)}", headers, self._read_data(place, item))

    def _read_data(self, place: TomlPath, item: ObjectTable) -> bytes:
        if item.text is not None and item.file is None:
            return item.text.encode()
        if item.file is None or item.text is not None:
            given = "neither text nor file" if item.file is None else "both text and file"
            raise self.error(place, f"{format_path(place)} has {given}; write one of them")
        here = (*place, "file")
        if self._folder is None:
            raise self.error(here, "only a seed that is a file can name files; write text instead")
        try:
            return self._read_file(item.file)
        except OSError as error:
            sentence = f"the file {item.file} cannot be read: {error.strerror}"
            raise self.error(here, sentence) from None
        except ValueError:
            sentence = f"the file {item.file!r} cannot be read: this is not a valid file name"
            raise self.error(here, sentence) from None

    def _read_file(self, name: str) -> bytes:
        """Read a file that the seed names; raises `OSError`, also if it is outside the folder."""
        folder = self._folder
        assert folder is not None  # noqa: S101 - only a seed file can name files
        # `Path.resolve` raises RuntimeError for a link to itself before Python 3.13.
        path, most = Path(realpath(folder / name)), self._service.environment.limits.object
        if not self._service.settings.seed_anywhere and not path.is_relative_to(folder.resolve()):
            raise OSError(
                errno.EACCES,
                "it is outside of the seed's folder; move it there or start with --seed-anywhere",
            )
        return read_regular_file(path, most)

    def _put(self, place: TomlPath, target: str, headers: Mapping[str, str], data: bytes) -> None:
        refusal = put(self._service, target, headers, data)
        if refusal:
            said = refusal.removesuffix(".")
            raise self.error(place, f"{format_path(place)} was refused with {said}")


def put(service: Service, target: str, headers: Mapping[str, str], data: bytes) -> str:
    """Send a PUT as the owner; returns the code and the message of an error, "" for success."""
    fields = [("Host", "localhost"), *headers.items()]
    request = Request.parse("PUT", target, fields, service.clock())
    return refusal_of(service.handle(request, data, caller=service.accounts.owner))


def refusal_of(response: Response) -> str:
    """Return the code and the message of an error, "" for success."""
    if response.status == 200:
        return ""
    assert isinstance(response.body, bytes)  # noqa: S101 - an error's body is a document
    answer = xml.parse(response.body, "Error")
    return f"{answer.text('Code')}: {answer.text('Message')}"


def _create_bucket_configuration(bucket: BucketTable) -> bytes:
    """Format the body of PutBucket; empty if the seed does not name a storage class."""
    if bucket.storage_class is None and bucket.redundancy is None:
        return b""
    classes = [("StorageClass", bucket.storage_class), ("DataRedundancyType", bucket.redundancy)]
    return xml.format("CreateBucketConfiguration", classes)
