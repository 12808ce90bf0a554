"""The contract of `Storage`, checked on every storage."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from inspect import isfunction, signature

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from oss_emulator.storage.base import NULL_VERSION, Account, Bucket, Object, Part, Storage, Upload
from oss_emulator.storage.blobs import SPOOL_ABOVE, Blob, slices
from oss_emulator.storage.disk import DiskStorage
from oss_emulator.storage.memory import MemoryStorage

from tests.thorough import cases

BUCKET = Bucket("examplebucket", "1", 1.0, "cn-hangzhou")


@pytest.fixture(scope="module", params=["memory", "disk"])
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Storage]:
    """The storage of all tests."""
    on_disk = request.param == "disk"
    made = DiskStorage(tmp_path_factory.mktemp("data"), fsync=False) if on_disk else MemoryStorage()
    yield made
    made.close()


@pytest.fixture
def storage(shared: Storage) -> Storage:
    """A storage with one bucket."""
    empty(shared)
    return shared


def empty(storage: Storage) -> None:
    """Remove everything; create one new bucket."""
    for bucket in storage.buckets():
        storage.delete_bucket(bucket.name)
    for account in storage.accounts():
        storage.delete_account(account.id)
    storage.put_bucket(BUCKET)


def item(key: str, version_id: str = NULL_VERSION, **others: object) -> Object:
    made = Object(key, (), 0, '"D41D8CD98F00B204E9800998ECF8427E"', 0, 2.0, "1")
    return made._replace(version_id=version_id, **others)  # type: ignore[arg-type]


PART = Part(1, (), 0, '"X"', 0, 1.0)


def keys(storage: Storage, start: str = "") -> list[str]:
    return [found.key for found in storage.objects(BUCKET.name, start)]


def test_lookup_of_a_missing_record_returns_none(storage: Storage) -> None:
    assert storage.bucket("none") is None
    assert storage.account("none") is None
    assert storage.object(BUCKET.name, "none") is None
    assert storage.object(BUCKET.name, "none", NULL_VERSION) is None
    assert storage.upload(BUCKET.name, "none") is None
    assert keys(storage) == []
    assert list(storage.uploads(BUCKET.name)) == []
    assert list(storage.parts(BUCKET.name, "none")) == []


def test_deleting_a_missing_record_does_nothing(storage: Storage) -> None:
    storage.delete_object(BUCKET.name, "none", NULL_VERSION)
    storage.delete_upload(BUCKET.name, "none")
    storage.delete_bucket("none")
    storage.delete_account("none")
    assert list(storage.buckets()) == [BUCKET]


# Each method that takes a bucket, with its result for a missing one.
MISSING_BUCKET: dict[str, tuple[Callable[[Storage], object], object]] = {
    "bucket": (lambda storage: storage.bucket("none"), None),
    "delete_bucket": (lambda storage: storage.delete_bucket("none"), None),
    "object": (lambda storage: storage.object("none", "a"), None),
    "put_object": (lambda storage: storage.put_object("none", item("a")), None),
    "replace_object": (lambda storage: storage.replace_object("none", item("a")), None),
    "delete_object": (lambda storage: storage.delete_object("none", "a", NULL_VERSION), None),
    "objects": (lambda storage: list(storage.objects("none")), []),
    "versions": (lambda storage: list(storage.versions("none", "a")), []),
    "uploads": (lambda storage: list(storage.uploads("none")), []),
    "upload": (lambda storage: storage.upload("none", "1"), None),
    "put_upload": (lambda storage: storage.put_upload("none", Upload("1", 1.0, item("a"))), None),
    "delete_upload": (lambda storage: storage.delete_upload("none", "1"), None),
    "parts": (lambda storage: list(storage.parts("none", "1")), []),
    "put_part": (lambda storage: storage.put_part("none", "1", PART), None),
}


def test_every_method_with_a_bucket_is_tested_with_a_missing_one() -> None:
    methods = {
        name: list(signature(method).parameters)
        for name, method in vars(Storage).items()
        if isfunction(method) and not name.startswith("_")
    }
    named = {name for name, parameters in methods.items() if "bucket" in parameters}
    # `put_bucket` takes the record of the bucket that it creates.
    assert MISSING_BUCKET.keys() == (named | {"bucket", "delete_bucket"}) - {"put_bucket"}


def test_missing_bucket_is_empty_and_keeps_nothing(storage: Storage) -> None:
    for method, (ask, result) in MISSING_BUCKET.items():
        assert ask(storage) == result, method
        assert list(storage.buckets()) == [BUCKET], method
        storage.put_bucket(BUCKET._replace(name="none"))
        assert list(storage.versions("none")) == [], method
        assert list(storage.uploads("none")) == [], method
        assert list(storage.parts("none", "1")) == [], method
        storage.delete_bucket("none")


def test_missing_upload_keeps_no_part(storage: Storage) -> None:
    storage.put_part(BUCKET.name, "1", PART)
    assert list(storage.parts(BUCKET.name, "1")) == []
    storage.put_upload(BUCKET.name, Upload("1", 1.0, item("a")))
    assert list(storage.parts(BUCKET.name, "1")) == []


def test_replacing_a_missing_version_adds_nothing(storage: Storage) -> None:
    storage.put_object(BUCKET.name, item("a", "1"))
    storage.replace_object(BUCKET.name, item("a", "2"))
    storage.replace_object(BUCKET.name, item("b", "1"))
    assert list(storage.versions(BUCKET.name)) == [item("a", "1")]


def test_record_is_read_back_as_it_was_put(storage: Storage) -> None:
    put = item("a", headers={"Content-Type": "text/plain"}, tags={"k": "v"}, acl="private")
    # The header's value is in GBK; bytes that are not UTF-8 come as surrogates (P-57).
    put = put._replace(documents={"legalHold": b"<z/>"}, headers={"x-oss-meta-a": "\udcd6\udcd0"})
    storage.put_object(BUCKET.name, put)
    assert storage.object(BUCKET.name, "a") == put
    documents = {"referer": b"<x/>", "style/b": b"<b/>", "style/a": b"<a/>"}
    changed = BUCKET._replace(acl="public-read", documents=documents)
    storage.put_bucket(changed)
    found = storage.bucket(BUCKET.name)
    assert found == changed
    assert list(found.documents) == list(documents)  # ListStyle shows this order
    assert storage.object(BUCKET.name, "a") == put
    storage.put_account(Account("1", {"publicAccessBlock": b"<y/>"}))
    assert storage.account("1") == Account("1", {"publicAccessBlock": b"<y/>"})


def test_buckets_are_ordered_by_name_and_deleted_with_their_contents(storage: Storage) -> None:
    storage.put_bucket(BUCKET._replace(name="a-bucket"))
    storage.put_object("a-bucket", item("x"))
    storage.put_object(BUCKET.name, item("y"))
    assert [bucket.name for bucket in storage.buckets()] == ["a-bucket", BUCKET.name]
    storage.delete_bucket("a-bucket")
    storage.put_bucket(BUCKET._replace(name="a-bucket"))
    assert list(storage.objects("a-bucket")) == []
    assert keys(storage) == ["y"]


def test_objects_are_ordered_by_the_bytes_of_their_keys(storage: Storage) -> None:
    names = ["a", "a/", "a/b", "B", "中", "\U0001f600", "\uffff", "a\x00", "~"]
    for name in names:
        storage.put_object(BUCKET.name, item(name))
    assert keys(storage) == sorted(names, key=str.encode)
    assert keys(storage, "a/") == [
        name for name in sorted(names, key=str.encode) if name.encode() >= b"a/"
    ]


def test_newest_version_comes_first(storage: Storage) -> None:
    for version in ("1", "2", "3"):
        storage.put_object(BUCKET.name, item("a", version))
    storage.put_object(BUCKET.name, item("b"))
    found = [(version.key, version.version_id) for version in storage.versions(BUCKET.name)]
    assert found == [("a", "3"), ("a", "2"), ("a", "1"), ("b", NULL_VERSION)]
    assert keys(storage) == ["a", "b"]
    newest = storage.object(BUCKET.name, "a")
    assert newest is not None
    assert newest.version_id == "3"


def test_version_replaces_the_one_with_its_id(storage: Storage) -> None:
    for version in (NULL_VERSION, "1", NULL_VERSION):
        storage.put_object(BUCKET.name, item("a", version))
    assert [v.version_id for v in storage.versions(BUCKET.name)] == [NULL_VERSION, "1"]


def test_replaced_version_keeps_its_place(storage: Storage) -> None:
    for version in ("1", "2"):
        storage.put_object(BUCKET.name, item("a", version))
    storage.replace_object(BUCKET.name, item("a", "1", acl="private"))
    assert [(v.version_id, v.acl) for v in storage.versions(BUCKET.name)] == [
        ("2", "default"),
        ("1", "private"),
    ]


def test_deleting_the_newest_version_makes_the_one_before_it_newest(storage: Storage) -> None:
    for version in ("1", "2"):
        storage.put_object(BUCKET.name, item("a", version))
    storage.delete_object(BUCKET.name, "a", "none")
    storage.delete_object(BUCKET.name, "a", "2")
    newest = storage.object(BUCKET.name, "a")
    assert newest is not None
    assert newest.version_id == "1"
    storage.delete_object(BUCKET.name, "a", "1")
    assert keys(storage) == []


def test_uploads_are_ordered_by_key_and_id_and_deleted_with_their_parts(storage: Storage) -> None:
    for upload_id, key in (("2", "b"), ("1", "b"), ("3", "a")):
        storage.put_upload(BUCKET.name, Upload(upload_id, 1.0, item(key)))
    assert [upload.id for upload in storage.uploads(BUCKET.name)] == ["3", "1", "2"]
    for number in (2, 1, 2):
        storage.put_part(BUCKET.name, "1", Part(number, (), number, '"X"', 0, 1.0))
    assert [part.number for part in storage.parts(BUCKET.name, "1")] == [1, 2]
    assert storage.parts(BUCKET.name, "2") == []
    storage.delete_upload(BUCKET.name, "1")
    assert storage.upload(BUCKET.name, "1") is None
    assert storage.upload(BUCKET.name, "2") is not None


@pytest.mark.thorough
def test_objects_stay_sorted_after_any_puts_and_deletes(storage: Storage) -> None:
    """Each example begins with an empty bucket of the same storage."""

    @settings(max_examples=cases(20, 200))
    @given(st.lists(st.tuples(st.booleans(), st.text(max_size=3)), max_size=cases(40, 200)))
    def check(steps: list[tuple[bool, str]]) -> None:
        storage.delete_bucket(BUCKET.name)
        storage.put_bucket(BUCKET)
        present: set[str] = set()
        for add, key in steps:
            if add:
                storage.put_object(BUCKET.name, item(key))
                present.add(key)
            else:
                storage.delete_object(BUCKET.name, key, NULL_VERSION)
                present.discard(key)
        assert keys(storage) == sorted(present)

    check()


@pytest.mark.thorough
def test_objects_stay_sorted_after_any_rollbacks(storage: Storage) -> None:
    """Each transaction puts and deletes some keys, and fails or not; some end with a listing."""
    step = st.tuples(st.booleans(), st.sampled_from("abcdefgh"))
    transaction = st.tuples(st.lists(step, max_size=6), st.booleans(), st.booleans())

    @settings(max_examples=cases(20, 200))
    @given(st.lists(transaction, max_size=12))
    def check(transactions: list[tuple[list[tuple[bool, str]], bool, bool]]) -> None:
        storage.delete_bucket(BUCKET.name)
        storage.put_bucket(BUCKET)
        present: set[str] = set()
        for steps, fails, listed in transactions:
            with suppress(ZeroDivisionError), storage.transaction():
                changed = apply(steps, present)
                if listed:
                    assert keys(storage) == sorted(changed)
                if fails:
                    raise ZeroDivisionError
                present = changed
        assert keys(storage) == sorted(present)

    def apply(steps: list[tuple[bool, str]], present: set[str]) -> set[str]:
        changed = set(present)
        for add, key in steps:
            if add:
                storage.put_object(BUCKET.name, item(key))
                changed.add(key)
            else:
                storage.delete_object(BUCKET.name, key, NULL_VERSION)
                changed.discard(key)
        return changed

    check()


@pytest.mark.parametrize("size", [0, 1, SPOOL_ABOVE, SPOOL_ABOVE + 1])
def test_blob_holds_the_written_bytes(storage: Storage, size: int) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    data = data[:size]
    writer = storage.blob_writer()
    for start in range(0, size, 1_000_003):
        writer.write(data[start : start + 1_000_003])
    blob = writer.finish()
    assert blob.size == size
    assert blob.read(0, size) == data
    assert blob.read(size // 2, 10) == data[size // 2 : size // 2 + 10]
    assert blob.read(size, 10) == b""


@given(st.lists(st.binary(max_size=5), max_size=5), st.integers(0, 30), st.integers(0, 30))
def test_slices_equal_the_slice_of_the_joined_bytes(
    pieces: list[bytes], start: int, size: int
) -> None:
    writers = [MemoryStorage().blob_writer() for _ in pieces]
    for writer, piece in zip(writers, pieces, strict=True):
        writer.write(piece)
    content = tuple(writer.finish() for writer in writers)
    taken = b"".join(blob.read(*part) for blob, *part in slices(content, start, size))
    assert taken == b"".join(pieces)[start : start + size]


def blob_of(storage: Storage, data: bytes) -> Blob:
    writer = storage.blob_writer()
    writer.write(data)
    return writer.finish()


def test_record_is_read_back_with_its_blobs(storage: Storage) -> None:
    content = (blob_of(storage, b"abc"), blob_of(storage, b"defg"))
    storage.put_object(BUCKET.name, item("a", content=content, size=7))
    found = storage.object(BUCKET.name, "a")
    assert found is not None
    assert [blob.read(0, 10) for blob in found.content] == [b"abc", b"defg"]


def test_blob_stays_while_a_record_refers_to_it(storage: Storage) -> None:
    blob = blob_of(storage, b"abc")
    storage.put_object(BUCKET.name, item("a", content=(blob,)))
    storage.put_object(BUCKET.name, item("b", content=(blob,)))
    storage.put_upload(BUCKET.name, Upload("1", 1.0, item("c")))
    storage.put_part(BUCKET.name, "1", Part(1, (blob,), 3, '"X"', 0, 1.0))
    storage.delete_object(BUCKET.name, "a", NULL_VERSION)
    storage.delete_upload(BUCKET.name, "1")
    storage.discard_unreferenced((blob,))
    found = storage.object(BUCKET.name, "b")
    assert found is not None
    assert found.content[0].read(0, 3) == b"abc"


def contents(storage: Storage) -> object:
    """Return everything that can be read from a storage."""
    found: list[object] = [*storage.accounts()]
    for bucket in storage.buckets():
        found += [bucket, keys(storage), *storage.versions(bucket.name)]
        for upload in storage.uploads(bucket.name):
            found += [upload, *storage.parts(bucket.name, upload.id)]
    return found


CHANGES: dict[str, Callable[[Storage], None]] = {
    "put_bucket": lambda storage: storage.put_bucket(BUCKET._replace(name="new")),
    "put_bucket again": lambda storage: storage.put_bucket(BUCKET._replace(acl="public-read")),
    "delete_bucket": lambda storage: storage.delete_bucket(BUCKET.name),
    "put_account": lambda storage: storage.put_account(Account("2")),
    "delete_account": lambda storage: storage.delete_account("1"),
    "put_object": lambda storage: storage.put_object(BUCKET.name, item("new")),
    "put_object again": lambda storage: storage.put_object(BUCKET.name, item("a", "2")),
    "replace_object": lambda storage: storage.replace_object(
        BUCKET.name, item("a", "1", acl="private")
    ),
    "delete_object": lambda storage: storage.delete_object(BUCKET.name, "a", "1"),
    "put_upload": lambda storage: storage.put_upload(BUCKET.name, Upload("2", 1.0, item("b"))),
    "put_upload again": lambda storage: storage.put_upload(
        BUCKET.name, Upload("1", 2.0, item("b"))
    ),
    "delete_upload": lambda storage: storage.delete_upload(BUCKET.name, "1"),
    "put_part": lambda storage: storage.put_part(BUCKET.name, "1", PART._replace(number=2)),
    "put_part again": lambda storage: storage.put_part(BUCKET.name, "1", PART._replace(size=1)),
}


def test_every_change_is_tested_with_a_rollback() -> None:
    changes = {name.partition(" ")[0] for name in CHANGES}
    assert changes == {
        name for name in vars(Storage) if name.startswith(("put_", "delete_", "replace_"))
    }


def test_failed_transaction_changes_nothing(storage: Storage) -> None:
    for change in (*CHANGES, "all"):
        empty(storage)
        check_rollback(storage, change)


def check_rollback(storage: Storage, change: str) -> None:
    storage.put_account(Account("1"))
    storage.put_object(BUCKET.name, item("a", "1"))
    storage.put_upload(BUCKET.name, Upload("1", 1.0, item("b")))
    storage.put_part(BUCKET.name, "1", PART)
    before = contents(storage)

    def fail() -> None:
        with storage.transaction():
            for name, apply in CHANGES.items():
                if change in (name, "all"):
                    with storage.transaction():
                        apply(storage)
                    assert contents(storage) != before, name
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert contents(storage) == before, change
    storage.put_object(BUCKET.name, item("last"))  # outside of the transaction
    assert contents(storage) != before
