"""The command that installs an extra where the package is installed."""

from __future__ import annotations

import importlib.metadata
import json
import shlex
import sys
from pathlib import Path

import pytest
from oss_referer import extras


class Installed:
    """A distribution with a record of where it came from."""

    def __init__(self, source: str | None, **folder: bool) -> None:
        self._record = None if source is None else json.dumps({"url": source, "dir_info": folder})

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self._record


def installed_from(monkeypatch: pytest.MonkeyPatch, source: str | None, **folder: bool) -> None:
    made = Installed(source, **folder)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: made)


@pytest.mark.parametrize("source", [None, "https://example.com/a.whl", "file:///no/such/folder"])
def test_package_of_an_index_is_named(monkeypatch: pytest.MonkeyPatch, source: str | None) -> None:
    installed_from(monkeypatch, source)
    assert extras.command("lab") == "pip install 'oss-emulator[lab]'"


def test_clone_is_named_with_its_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clone = tmp_path / "a clone"
    clone.mkdir()
    installed_from(monkeypatch, clone.as_uri())
    words = shlex.split(extras.command("replay"))
    assert words == [sys.executable, "-m", "pip", "install", f"{clone}[replay]"]


def test_editable_installation_stays_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed_from(monkeypatch, tmp_path.as_uri(), editable=True)
    words = shlex.split(extras.command("lab"))
    assert words[3:] == ["install", "--editable", f"{tmp_path}[lab]"]


def test_uv_is_used_where_pip_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed_from(monkeypatch, tmp_path.as_uri())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    words = shlex.split(extras.command("lab"))
    assert words == ["uv", "pip", "install", "--python", sys.executable, f"{tmp_path}[lab]"]


def test_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", fail)
    assert extras.command("lab") == "pip install 'oss-emulator[lab]'"
