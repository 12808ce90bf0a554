"""The initial contents: loaded again, they change a running server, unless they have a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from oss_emulator.access import AccountsError
from oss_emulator.control import contents
from oss_emulator.control.controls import Controls
from oss_emulator.control.seed import SeedError
from oss_emulator.settings import Settings

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


def names(controls: Controls) -> list[str]:
    return [bucket.name for bucket in controls.service.storage.buckets()]


def test_changed_seed_is_added_and_is_what_a_reset_restores(seed: Path) -> None:
    controls = start(Settings(seed=seed))
    seed.write_text(BUCKET.format("second"))
    contents.reload(controls)
    assert names(controls) == ["first", "second"]
    contents.reset(controls)
    assert names(controls) == ["second"]


def test_seed_with_a_mistake_changes_nothing(seed: Path) -> None:
    controls = start(Settings(seed=seed))
    seed.write_text(BUCKET.format("second") + BUCKET.format("Not a name"))
    with pytest.raises(SeedError, match="InvalidBucketName"):
        contents.reload(controls)
    assert names(controls) == ["first"]


def test_accounts_with_a_mistake_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    key = '[[account]]\nid = "1000000000000001"\n[[account.key]]\nid = "{}"\nsecret = "s"\n'
    path.write_text(key.format("one"))
    controls = start(Settings(accounts=path))
    path.write_text("[[account]]\n")
    with pytest.raises(AccountsError):
        contents.reload(controls)
    assert controls.service.accounts.first.id == "one"
    path.write_text(key.format("two"))
    contents.reload(controls)
    assert controls.service.accounts.first.id == "two"


def test_stamps_cover_the_files_of_the_seed_and_of_folders(seed: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    seed.write_text(BUCKET.format("first") + '[[bucket.object]]\nkey = "a"\nfile = "a.txt"\n')
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "b.txt").write_text("b")
    settings = Settings(seed=seed, preload={"site": tmp_path / "site"})
    before = contents.stamps(settings)
    assert set(before) == {seed, tmp_path / "a.txt", tmp_path / "site" / "b.txt"}
    (tmp_path / "site" / "b.txt").write_text("changed")
    assert contents.stamps(settings) != before
    (tmp_path / "a.txt").unlink()
    assert tmp_path / "a.txt" not in contents.stamps(settings)
