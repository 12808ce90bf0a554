"""A command refuses to write a file that it reads, however the file is named."""

from __future__ import annotations

import os
import shutil
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from tests.cli.refusal import refuse
from tests.rows import rows

ROOT = Path(__file__).parents[2]
COPIED = (
    *(ROOT / "fixtures" / "lab" / name for name in ("corrected.xml", "site.toml")),
    *(ROOT / "examples" / "gate" / name for name in ("plan.json", "access.log")),
    ROOT / "emulator" / "oss_emulator" / "scenarios" / "referer.json",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in COPIED:
        shutil.copy(path, tmp_path)
    (tmp_path / "known.toml").write_text("")
    (tmp_path / "seed.toml").write_text("")
    (tmp_path / "black").write_text("https://evil.test/\n")
    (tmp_path / "linked.xml").symlink_to("corrected.xml")
    shutil.copy(COPIED[0], tmp_path / "rules#1.xml")
    os.link(tmp_path / "corrected.xml", tmp_path / "same.xml")
    for name, moved in (("logs", "access.log"), ("tables", "site.toml")):
        (tmp_path / name).mkdir()
        shutil.move(tmp_path / moved, tmp_path / name)
    shutil.copy(tmp_path / "corrected.xml", tmp_path / "tables" / "rules.xml")
    return tmp_path


REPLAY = "replay corrected.xml --traffic logs --assumptions known.toml"
GATE = "replay plan.json --traffic logs --assumptions=known.toml --max-locked-out 8"
PLAY = "play referer.json --assumptions known.toml"


@rows(
    "command, flag, name",
    (REPLAY, "--html", "known.toml"),
    (REPLAY, "--html", "linked.xml"),
    (REPLAY, "--html", "same.xml"),
    (REPLAY, "--html", "./logs/../corrected.xml"),
    (REPLAY, "--html", "logs/access.log"),
    (REPLAY, "--rejects", "logs/access.log"),
    (REPLAY, "--rejects", "known.toml"),
    ("replay logs/../linked.xml --traffic logs/access.log", "--html", "corrected.xml"),
    ("replay black --traffic logs --blacklist black", "--html", "black"),
    ("replay corrected.xml --traffic logs --blacklist=black", "--html", "black"),
    ("replay corrected.xml --price 3 --traffic logs/access.log", "--html", "logs/access.log"),
    (
        "replay --price 3 --traffic logs --traffic rules#1.xml corrected.xml",
        "--html",
        "rules#1.xml",
    ),
    ("replay rules#1.xml --traffic logs", "--html", "rules#1.xml"),
    ("replay plan.json#alicloud_oss_bucket_referer.site --traffic logs", "--html", "plan.json"),
    ("review corrected.xml --assumptions=known.toml", "--output", "known.toml"),
    ("review seed.toml --against corrected.xml", "--output", "corrected.xml"),
    ("review corrected.xml --traffic logs", "--output", "logs/access.log"),
    (GATE, "--report", "known.toml"),
    (f"{GATE} --bucket none", "--report", "plan.json"),
    ("test corrected.xml tables", "--junit", "tables/site.toml"),
    ("test tables/site.toml", "--junit", "tables/rules.xml"),
    ("test tables", "--junit", "tables/../tables/site.toml"),
    (PLAY, "--save", "referer.json"),
    (PLAY, "--write", "known.toml"),
    (PLAY, "--junit", "known.toml"),
    ("serve --seed seed.toml", "--ready-file", "seed.toml"),
    ("serve --assumptions known.toml", "--access-log", "known.toml"),
)
def test_file_that_is_read_is_not_written(folder: Path, command: str, flag: str, name: str) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with chdir(folder):
        said = refuse(*command.split(), flag, name)
    assert said == f"oss-emulator: {flag}: {name} is read by this command; name another file\n"
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_settings_are_read_wherever_they_are_given(folder: Path) -> None:
    (folder / "oss-emulator.toml").write_text('seed = "seed.toml"\n')
    with chdir(folder):
        for name in ("seed.toml", "oss-emulator.toml"):
            said = refuse("run", "--", "true", OSS_EMULATOR_ACCESS_LOG=name)
            assert f"--access-log: {name} is read by this command; name another file" in said
    assert (folder / "seed.toml").read_bytes() == b""


@rows(
    "command, one, other",
    ("serve", "--ready-file", "--access-log"),
    (REPLAY, "--rejects", "--html"),
    (GATE, "--html", "--report"),
    (PLAY, "--write", "--junit"),
)
def test_two_outputs_into_one_file_are_refused(
    folder: Path, command: str, one: str, other: str
) -> None:
    with chdir(folder):
        said = refuse(*command.split(), one, "new", other, "./new")
    assert f"{other}: ./new is the file of {one}; name another file" in said


def test_report_is_replaced_where_it_is_no_input(ask: Any, folder: Path) -> None:
    report = folder / "tables" / "report.xml"
    for _ in range(2):  # it is in the folder that is searched
        status, *_ = ask("test", str(folder / "tables"), "--junit", str(report), "--partial")
        assert (status, report.read_bytes()[:5]) == (0, b"<?xml")


def test_other_values_may_equal_the_name_of_an_output(ask: Any, folder: Path) -> None:
    (folder / "site").write_text("yesterday")
    with chdir(folder):
        given = (
            "corrected.xml",
            "--traffic",
            "logs",
            "--bucket",
            "site",
            "--html",
            "new",
            "--html",
            "site",
        )
        status, *_ = ask("replay", *given, "--html=site")
    assert (status, (folder / "site").read_bytes()[:9]) == (0, b"<!DOCTYPE")


@rows("given", ("-ocorrected.xml",), ("-o=corrected.xml",), ("--outp", "corrected.xml"))
def test_output_is_known_in_every_spelling_of_its_flag(folder: Path, given: Any) -> None:
    with chdir(folder):
        said = refuse("review", "corrected.xml", *given)
    assert "--output: corrected.xml is read by this command; name another file" in said
