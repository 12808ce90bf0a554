"""Seeds read regular files, and only those of their own folder."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest
from oss_emulator import Emulator
from oss_emulator.control import seed
from oss_emulator.control.controls import open_storage
from oss_emulator.control.seed import SeedError
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request
from oss_emulator.settings import Settings

SEED = '[[bucket]]\nname = "examplebucket"\n[[bucket.object]]\nkey = "a"\nfile = "{}"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a seed; a file beside it, one below it, and links out of it and within it."""
    made = tmp_path / "seeds"
    (made / "below").mkdir(parents=True)
    (made / "below" / "file").write_text("below")
    (tmp_path / "outside").write_text("outside")
    (made / "link-out").symlink_to(tmp_path / "outside")
    (made / "link-in").symlink_to(made / "below" / "file")
    os.mkfifo(made / "pipe")
    return made


def plant(folder: Path, name: str, **settings: bool) -> str:
    """The object that a seed makes of a file."""
    seed = folder / "seed.toml"
    seed.write_text(SEED.format(name))
    with Emulator(seed=seed, **settings) as emulator:
        found = emulator.bucket("examplebucket").get_object("a").read()
        assert isinstance(found, bytes)
        return found.decode()


@pytest.mark.parametrize("name", ["below/file", "below/../below/file", "link-in"])
def test_file_of_the_folder_is_read(folder: Path, name: str) -> None:
    assert plant(folder, name) == "below"


@pytest.mark.parametrize("name", ["../outside", "below/../../outside", "link-out", "/etc/passwd"])
def test_file_outside_of_the_folder_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(SeedError, match=f"the file {name} .* outside of the seed's folder"):
        plant(folder, name)


def test_link_to_itself_is_refused(folder: Path) -> None:
    (folder / "loop").symlink_to("loop")
    with pytest.raises(SeedError, match="the file loop cannot be read: Too many"):
        plant(folder, "loop")


def test_file_outside_of_the_folder_is_read_on_request(folder: Path) -> None:
    assert plant(folder, "../outside", seed_anywhere=True) == "outside"


@pytest.mark.parametrize(
    ("name", "anywhere"), [("pipe", False), ("/dev/zero", True), ("../seeds/pipe", True)]
)
def test_file_without_an_end_is_refused(folder: Path, name: str, anywhere: bool) -> None:
    with pytest.raises(SeedError, match=f"the file {name} .* not a regular file"):
        plant(folder, name, seed_anywhere=anywhere)


@pytest.mark.parametrize("seed", ["/dev/zero", "pipe"])
def test_seed_without_an_end_is_refused(folder: Path, seed: str) -> None:
    with pytest.raises(SeedError, match="cannot be read: it is not a regular file"):
        Emulator(seed=folder / seed).start()


BROKEN = """
[[bucket]]
name = "first"
[[bucket.object]]
key = "a"
text = "1"

[[bucket]]
name = "Not a bucket name"
"""


@pytest.mark.parametrize("on_disk", [True, False])
def test_seed_that_is_refused_leaves_nothing(tmp_path: Path, on_disk: bool) -> None:
    settings = Settings(data=tmp_path / "data" if on_disk else None)
    with closing(open_storage(settings)) as storage:
        with pytest.raises(SeedError, match="InvalidBucketName"):
            seed.apply("The seed", BROKEN, Service(settings, storage))
        assert storage.buckets() == []
    assert [path for path in tmp_path.rglob("blobs/*/*") if path.is_file()] == []


def test_accounts_of_a_seed_bring_their_display_names(tmp_path: Path) -> None:
    path = tmp_path / "seed.toml"
    key = '[[account.key]]\nid = "id"\nsecret = "secret"\n'
    path.write_text(f'[[account]]\nid = "1000000000000007"\nname = "Example"\n{key}')
    with Emulator(seed=path) as emulator:
        owner = emulator.service.accounts.owner
        answer = emulator.service.handle(Request.parse("GET", "/", (), 0.0), caller=owner)
    assert isinstance(answer.body, bytes)
    assert b"<DisplayName>Example</DisplayName>" in answer.body
