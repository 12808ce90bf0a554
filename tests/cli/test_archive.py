"""`oss-emulator export` and `import`: everything is restored, and bad archives are refused."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from contextlib import chdir, closing
from pathlib import Path
from typing import NamedTuple

import oss2
import pytest
from oss2.models import BucketReferer, BucketVersioningConfig
from oss_emulator import Emulator
from oss_emulator.storage import Account, archive
from oss_emulator.storage.disk import DiskStorage

from tests.cli.process import EMULATOR, environment
from tests.client import PATIENCE
from tests.unit.storage import invariants


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, ask: Callable[..., tuple[int, str, str]]) -> Run:
    """Return a function that runs a command of `oss-emulator` in a folder of its own."""

    def run(*arguments: str) -> Done:
        with chdir(tmp_path):
            return Done(*ask(*arguments))

    return run


def test_export_and_import_run_as_processes(data: Path, tmp_path: Path) -> None:
    env = {**environment(), "PYTHONPATH": str(Path.cwd() / "emulator")}
    for arguments in (("export", "data", "all.tar"), ("import", "all.tar", "again")):
        command = [*EMULATOR, *arguments]
        done = subprocess.run(command, capture_output=True, env=env, cwd=tmp_path, timeout=PATIENCE)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert contents(tmp_path / "again") == contents(data)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with records of every kind."""
    folder = tmp_path / "data"
    with Emulator(data=folder) as emulator:
        bucket = emulator.bucket("examplebucket", acl="public-read")
        bucket.put_bucket_referer(BucketReferer(False, ["https://www.example.com/"]))
        config = BucketVersioningConfig()
        config.status = "Enabled"
        bucket.put_bucket_versioning(config)
        for number in range(3):
            bucket.put_object("a/中\n", str(number) * 10_000, {"x-oss-meta-n": str(number)})
        bucket.delete_object("a/中\n")
        bucket.put_object("b", b"of both")
        bucket.copy_object("examplebucket", "b", "c")
        bucket.put_object("d", b"")
        upload = bucket.init_multipart_upload("big").upload_id
        bucket.upload_part("big", upload, 1, b"x" * 200_000)
        bucket.upload_part("big", upload, 3, b"y" * 10)
        emulator.bucket("other").put_object("big", bytes(3_000_000))
    return folder


def contents(folder: Path) -> list[object]:
    """Return all records of a folder and the bytes of their objects."""
    storage = DiskStorage(folder)
    found: list[object] = []
    for bucket in storage.buckets():
        found.append(bucket)
        for item in storage.versions(bucket.name):
            data = b"".join(blob.read(0, blob.size) for blob in item.content)
            found.append((item.key, item.version_id, item.headers, item.delete_marker, data))
        for upload in storage.uploads(bucket.name):
            found.append(upload)
            found += [
                (part.number, part.etag, part.content[0].read(0, part.size))
                for part in storage.parts(bucket.name, upload.id)
            ]
    storage.close()
    return found


def test_import_restores_everything(run: Run, data: Path, tmp_path: Path) -> None:
    assert run("export", "data", "all.tar").returncode == 0
    assert run("import", "all.tar", "again").returncode == 0
    assert contents(tmp_path / "again") == contents(data)
    assert len(contents(data)) == 13
    invariants.check(tmp_path / "again")
    with Emulator(data=tmp_path / "again") as emulator:
        auth = oss2.AuthV4(emulator.access_key_id, emulator.access_key_secret)
        bucket = oss2.Bucket(auth, emulator.endpoint, "examplebucket", region="cn-hangzhou")
        assert bucket.get_bucket_referer().referers == ["https://www.example.com/"]
        versions = bucket.list_object_versions(prefix="a/")
        assert [version.is_latest for version in versions.versions] == [False] * 3
        assert [marker.is_latest for marker in versions.delete_marker] == [True]


def test_export_leaves_no_other_files(run: Run, data: Path, tmp_path: Path) -> None:
    done = run("export", "data", "all.tar")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.tar", "data"]
    invariants.check(data)


def rewrite(old: Path, new: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """Copy an archive; change or leave out some of its members."""
    with tarfile.open(old) as source, tarfile.open(new, "w") as target:
        for member in source:
            file = source.extractfile(member)
            assert file is not None
            data = change(member.name, file.read())
            if data is not None:
                member.size = len(data)
                target.addfile(member, io.BytesIO(data))


DAMAGE: dict[str, tuple[Callable[[str, bytes], bytes | None], str]] = {
    "a byte differs": (
        lambda name, data: b"X" + data[1:] if data[:1] == b"1" else data,
        " are damaged",
    ),
    "bytes are missing": (
        lambda name, data: None if name.startswith("blobs/") and data[:1] == b"1" else data,
        "is missing",
    ),
    "the index is missing": (
        lambda name, data: None if name == "index.jsonl" else data,
        "it ends before its index",
    ),
    "the format is missing": (
        lambda name, data: None if name == "format.json" else data,
        "it was not made by oss-emulator export",
    ),
    "a newer format": (
        lambda name, data: (
            json.dumps({"format": archive.FORMAT + 1}).encode() if name == "format.json" else data
        ),
        f"it has the format {archive.FORMAT + 1}; ",
    ),
    "an index that is none": (
        lambda name, data: b"{}\n" if name == "index.jsonl" else data,
        "its records cannot be read",
    ),
    "an index that is nested": (
        lambda name, data: b'{"a":' * 20_000 if name == "index.jsonl" else data,
        "its records cannot be read: line 1, column 1: this JSON is nested too deeply",
    ),
    "a record that is nested": (
        lambda name, data: (
            json.dumps(["account", "", '{"a":' * 20_000]).encode()
            if name == "index.jsonl"
            else data
        ),
        "its records cannot be read: line 1, column 1: this JSON is nested too deeply",
    ),
    "a record without fields": (
        lambda name, data: b'["account", "", "1"]' if name == "index.jsonl" else data,
        "its records cannot be read",
    ),
    "a format that is nested": (
        lambda name, data: b"[" * 20_000 if name == "format.json" else data,
        "its records cannot be read: line 1, column 1: this JSON is nested too deeply",
    ),
    "records of something else": (
        lambda name, data: b'["cat", "", "{}"]\n' if name == "index.jsonl" else data,
        "unknown kind: cat",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_archive_is_refused_as_a_whole(
    run: Run, data: Path, tmp_path: Path, damage: str
) -> None:
    change, sentence = DAMAGE[damage]
    assert run("export", "data", "all.tar").returncode == 0
    rewrite(tmp_path / "all.tar", tmp_path / "damaged.tar", change)
    check_refused(
        run("import", "damaged.tar", "again"), "damaged.tar cannot be imported: ", sentence
    )
    assert list((tmp_path / "again").iterdir()) == []
    assert run("import", "all.tar", "again").returncode == 0


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_truncated_archive_is_refused(run: Run, data: Path, tmp_path: Path, share: float) -> None:
    assert run("export", "data", "all.tar").returncode == 0
    whole = (tmp_path / "all.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[: int(len(whole) * share)])
    check_refused(run("import", "cut.tar", "again"), "cut.tar cannot be imported: ")
    assert list((tmp_path / "again").iterdir()) == []


@pytest.mark.parametrize("promised", [1, 1 << 40])
def test_member_of_another_size_is_refused_before_it_is_written(
    run: Run, tmp_path: Path, promised: int
) -> None:
    """The name of a file promises its size, and so does the header in the archive."""
    head = json.dumps({"format": archive.FORMAT}).encode()
    name = f"blobs/{'0' * 32}.{promised}.0"
    with tarfile.open(tmp_path / "evil.tar", "w") as target:
        for member, content in (("format.json", head), (name, b"x" * 5000)):
            info = tarfile.TarInfo(member)
            info.size = len(content)
            target.addfile(info, io.BytesIO(content))
    done = run("import", "evil.tar", "again")
    check_refused(done, f"the file {name} is damaged: it has 5000 bytes")


@pytest.mark.parametrize("kind", ["S", "1", "2"], ids=["sparse", "hard link", "symbolic link"])
def test_member_that_is_not_a_plain_file_is_refused(run: Run, tmp_path: Path, kind: str) -> None:
    """A sparse member of a few bytes could grow to a terabyte."""
    head = json.dumps({"format": archive.FORMAT}).encode()
    name = f"blobs/{'0' * 32}.{1 << 30}.0"
    with tarfile.open(tmp_path / "evil.tar", "w", format=tarfile.GNU_FORMAT) as target:
        info = tarfile.TarInfo("format.json")
        info.size = len(head)
        target.addfile(info, io.BytesIO(head))
        data = bytearray(tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT))
        data[156:157] = kind.encode()
        if kind == "S":  # the old GNU form: no parts, and the real size
            data[483:495] = b"%011o\0" % (1 << 30)
        data[148:156] = b"%06o\0 " % (sum(data[:148]) + 8 * 32 + sum(data[156:512]))
        assert target.fileobj is not None
        target.fileobj.write(bytes(data))
    done = run("import", "evil.tar", "again")
    check_refused(done, "evil.tar cannot be imported: it was not made by oss-emulator export")
    assert "is not a plain file" in done.stderr


@pytest.mark.parametrize(
    "name", ["blobs/../../outside", "../outside", "blobs/x.1.1", "blobs/up/x.1.1", "/outside"]
)
def test_archive_cannot_write_outside_its_folder(run: Run, tmp_path: Path, name: str) -> None:
    head = json.dumps({"format": archive.FORMAT}).encode()
    with tarfile.open(tmp_path / "evil.tar", "w") as target:
        for member, content in (("format.json", head), (name, b"x")):
            info = tarfile.TarInfo(member)
            info.size = len(content)
            target.addfile(info, io.BytesIO(content))
    check_refused(run("import", "evil.tar", "again"), "evil.tar cannot be imported: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "evil.tar"]


def test_damaged_object_is_not_exported(run: Run, data: Path, tmp_path: Path) -> None:
    (tmp_path / "all.tar").write_text("the last export")
    path = next(path for path in (data / "blobs").rglob("*") if path.is_file())
    path.write_bytes(b"something else")
    check_refused(run("export", "data", "all.tar"), path.name, "no longer holds the bytes")
    assert (tmp_path / "all.tar").read_text() == "the last export"


def test_damaged_index_is_reported_in_one_line(run: Run, data: Path) -> None:
    with closing(DiskStorage(data)) as storage, storage.transaction():
        for number in range(1000):
            storage.put_account(Account(f"{number:05}"))
    index = data / "index.sqlite"
    size = index.stat().st_size
    with index.open("r+b") as file:
        file.seek(size // 2)
        file.write(bytes(size // 2))
    check_refused(
        run("export", "data", "all.tar"), "the index is damaged: database disk image is malformed"
    )


def check_refused(done: Done, *sentences: str) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("oss-emulator: ")
    assert done.stderr.count("\n") == 1
    for sentence in sentences:
        assert sentence in done.stderr


def test_failures_are_reported_in_one_line(run: Run, data: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("no archive")
    check_refused(run("export", "empty", "all.tar"), "empty is not a --data folder")
    check_refused(run("export", "missing", "all.tar"), "missing is not a --data folder")
    check_refused(run("export", "data", "no/folder/all.tar"), "no/folder/all.tar cannot be written")
    check_refused(run("export", "data", "empty"), "empty cannot be written: Is a directory")
    check_refused(run("import", "missing.tar", "again"), "missing.tar cannot be read")
    check_refused(run("import", "file", "again"), "file cannot be imported: it is not an archive")
    check_refused(run("import", "file", "data"), "data is not empty")
    check_refused(run("import", "file", "file"), "file is not empty")
    with Emulator(data=data):
        check_refused(run("export", "data", "all.tar"), "in use by another oss-emulator")
