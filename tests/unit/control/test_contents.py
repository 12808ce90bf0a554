"""The initial contents: loaded again, they change a running server, unless they have a mistake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TypeVar

import pytest
from oss_emulator.access import AccountsError
from oss_emulator.control import contents
from oss_emulator.control.controls import Controls, open_storage
from oss_emulator.control.faults import read
from oss_emulator.control.seed import SeedError
from oss_emulator.protocol.message import Request, Response
from oss_emulator.settings import Settings

T = TypeVar("T")
BUCKET = '[[bucket]]\nname = "{}"\n'


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    path = tmp_path / "seed.toml"
    path.write_text(BUCKET.format("first"))
    return path


def start(settings: Settings) -> Controls:
    controls = Controls(settings)
    contents.load(controls.service)
    controls.snapshots.set_initial()
    return controls


def reload(controls: Controls) -> None:
    contents.adopt(controls, contents.rehearse(controls.service))


async def change(work: Callable[[], T]) -> T:
    return work()


def names(controls: Controls) -> list[str]:
    return [bucket.name for bucket in controls.service.storage.buckets()]


def test_changed_seed_is_added_and_is_what_a_reset_restores(seed: Path) -> None:
    controls = start(Settings(seed=seed))
    seed.write_text(BUCKET.format("second"))
    reload(controls)
    assert names(controls) == ["first", "second"]
    asyncio.run(contents.reset(controls, change))
    assert names(controls) == ["second"]


def test_reset_clears_journal_and_faults_and_shows_the_real_time(seed: Path) -> None:
    controls = start(Settings(seed=seed))
    controls.clock.shift = 60.0
    controls.faults.add(read({"status": 500}))
    service = controls.service
    admitted = service.admit(Request.parse("GET", "/", [("Host", "localhost")], 0.0))
    controls.journal.record(admitted, Response(), 0, 0.0)
    asyncio.run(contents.reset(controls, change))
    assert (controls.clock.shift, controls.faults.planned) == (0, [])
    assert controls.journal.entries() == []


def test_seed_with_a_mistake_changes_nothing(seed: Path) -> None:
    controls = start(Settings(seed=seed))
    seed.write_text(BUCKET.format("second") + BUCKET.format("Not a name"))
    with pytest.raises(SeedError, match="InvalidBucketName"):
        reload(controls)
    assert names(controls) == ["first"]


def test_accounts_with_a_mistake_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    key = '[[account]]\nid = "1000000000000001"\n[[account.key]]\nid = "{}"\nsecret = "s"\n'
    path.write_text(key.format("one"))
    controls = start(Settings(accounts=path))
    path.write_text("[[account]]\n")
    with pytest.raises(AccountsError):
        reload(controls)
    assert controls.service.accounts.first.id == "one"
    path.write_text(key.format("two"))
    reload(controls)
    assert controls.service.accounts.first.id == "two"


@pytest.fixture(params=["memory", "disk"])
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Controls]:
    """A server with accounts, a seed and a folder in which a bucket is not to be changed."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.txt").write_text("a")
    (tmp_path / "accounts.toml").write_text(ACCOUNTS.format("one"))
    (tmp_path / "seed.toml").write_text(BUCKET.format("first"))
    settings = Settings(
        seed=tmp_path / "seed.toml",
        accounts=tmp_path / "accounts.toml",
        preload={"site": tmp_path / "site"},
        data=tmp_path / "data" if request.param == "disk" else None,
    )
    storage = open_storage(settings)
    made = Controls(settings, storage)
    contents.load(made.service)
    made.snapshots.set_initial()
    yield made
    storage.close()


ACCOUNTS = '[[account]]\nid = "1000000000000001"\n[[account.key]]\nid = "{}"\nsecret = "s"\n'


def test_reset_with_a_mistake_in_the_seed_keeps_the_contents_of_a_disk(
    watched: Controls, tmp_path: Path
) -> None:
    """A storage in memory does not read the seed again."""
    watched.snapshots.take("mine")
    (tmp_path / "seed.toml").write_text(BUCKET.format("Not a name"))
    blocking = watched.service.storage.blocking
    with pytest.raises(SeedError) if blocking else nullcontext():
        asyncio.run(contents.reset(watched, change))
    assert names(watched) == ["first", "site"]
    assert watched.snapshots.names == (["mine"] if blocking else [])


def test_all_files_are_loaded_together(watched: Controls, tmp_path: Path) -> None:
    (tmp_path / "site" / "a.txt").write_text("changed")
    (tmp_path / "accounts.toml").write_text(ACCOUNTS.format("two"))
    (tmp_path / "seed.toml").write_text(BUCKET.format("second"))
    rehearsal = contents.rehearse(watched.service)
    assert names(watched) == ["first", "site"]
    assert watched.service.accounts.first.id == "one"
    contents.adopt(watched, rehearsal)
    assert names(watched) == ["first", "second", "site"]
    assert watched.service.accounts.first.id == "two"
    item = watched.service.storage.object("site", "a.txt")
    assert item is not None
    assert item.content[0].read(0, item.size) == b"changed"


def test_refusal_by_the_running_server_changes_nothing(watched: Controls, tmp_path: Path) -> None:
    """What the files say is right alone and collides with what the server has meanwhile."""
    bucket = watched.service.storage.bucket("site")
    assert bucket is not None
    watched.service.storage.put_bucket(bucket._replace(owner="2000000000000002"))
    (tmp_path / "accounts.toml").write_text(ACCOUNTS.format("two"))
    (tmp_path / "seed.toml").write_text(BUCKET.format("second"))
    rehearsal = contents.rehearse(watched.service)
    with pytest.raises(SeedError, match="PUT /site was refused with BucketAlreadyExists"):
        contents.adopt(watched, rehearsal)
    assert names(watched) == ["first", "site"]
    assert watched.service.accounts.first.id == "one"


def test_stamps_cover_the_files_of_the_seed_and_of_folders(seed: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    seed.write_text(BUCKET.format("first") + '[[bucket.object]]\nkey = "a"\nfile = "a.txt"\n')
    below = tmp_path / "site" / "below"
    below.mkdir(parents=True)
    (below / "b.txt").write_text("b")
    settings = Settings(seed=seed, preload={"site": tmp_path / "site"})
    before = contents.stamps(settings)
    assert set(before) == {seed, tmp_path / "a.txt", below / "b.txt"}
    (below / "b.txt").write_text("changed")
    assert contents.stamps(settings) != before
    (tmp_path / "a.txt").unlink()
    assert tmp_path / "a.txt" not in contents.stamps(settings)
