"""Preloaded folders: keys, types, links, and all or nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import requests
from oss_emulator import Emulator
from oss_emulator.control import preload
from oss_emulator.control.seed import SeedError
from oss_emulator.pipeline.service import Service


@pytest.fixture
def site(tmp_path: Path) -> Path:
    made = tmp_path / "site"
    (made / "图片").mkdir(parents=True)
    (made / "index.html").write_text("<p>")
    (made / "图片" / "a b+c.png").write_bytes(b"png")
    (made / "unknown").write_bytes(b"?")
    return made


def test_files_become_objects_with_their_types(site: Path) -> None:
    (site / "link").symlink_to(site / "index.html")
    with Emulator(preload={"examplebucket": str(site)}) as emulator:
        bucket = emulator.bucket("examplebucket")
        kinds = {
            item.key: bucket.head_object(item.key).content_type
            for item in bucket.list_objects_v2().object_list
        }
        assert bucket.get_object("图片/a b+c.png").read() == b"png"
    assert kinds == {
        "index.html": "text/html",
        "link": "application/octet-stream",
        "unknown": "application/octet-stream",
        "图片/a b+c.png": "image/png",
    }


def test_private_bucket_is_told_with_what_opens_it(site: Path, tmp_path: Path) -> None:
    with Emulator() as emulator:
        service = emulator.service
        hint = emulator.run(lambda: preload.load(site, "examplebucket", service))
    assert "a browser gets 403 for\n  {endpoint}/examplebucket/index.html\n" in hint
    assert max(map(len, hint.splitlines())) <= 80
    seed = tmp_path / "seed.toml"
    seed.write_text(hint.splitlines()[-1].strip())
    with Emulator(seed=seed) as emulator:
        service = emulator.service
        assert emulator.run(lambda: preload.load(site, "examplebucket", service)) == ""
        url = f"{emulator.endpoint}/examplebucket/index.html"
        assert requests.get(url, timeout=20).status_code == 200


def test_bucket_of_the_seed_keeps_its_acl(site: Path, tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text('[[bucket]]\nname = "examplebucket"\nacl = "public-read"\n')
    with Emulator(seed=seed, preload={"examplebucket": site}) as emulator:
        found = emulator.service.storage.bucket("examplebucket")
    assert found is not None
    assert found.acl == "public-read"


def refused(folder: Path, service: Service) -> str:
    with pytest.raises(SeedError) as caught:
        preload.load(folder, "examplebucket", service)
    assert service.storage.buckets() == []
    return str(caught.value)


def test_link_out_of_the_folder_is_refused_and_nothing_loaded(site: Path) -> None:
    (site / "way-out").symlink_to("/etc/passwd")
    assert "way-out cannot be preloaded: this link leads out" in refused(site, Service())


def test_link_to_a_folder_above_is_refused(site: Path) -> None:
    (site / "图片" / "loop").symlink_to(site)
    assert "loop cannot be preloaded: this link leads to a folder above" in refused(site, Service())


def test_link_to_itself_is_refused(site: Path) -> None:
    (site / "loop").symlink_to("loop")
    assert refused(site, Service()).startswith(f"{site / 'loop'} cannot be preloaded: Too many")


def test_name_that_is_not_utf_8_is_refused(site: Path) -> None:
    (site / os.fsdecode(b"\xff")).touch()
    assert refused(site, Service()).startswith(f"'{site}/\\udcff' cannot be preloaded: its name")


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none", Service()).endswith("it is not a folder.")
    (tmp_path / "file").touch()
    assert refused(tmp_path / "file", Service()).endswith("it is not a folder.")
