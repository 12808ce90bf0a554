"""`serve` with --demo, --preload, --watch and a file of settings."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import pytest

from tests.cli.forking import serving, started
from tests.cli.process import environment, wait_for
from tests.cli.refusal import refuse

OBJECT = "/examplebucket/a.txt"
SEED = """
[[bucket]]
name = "examplebucket"
acl = "public-read"
[[bucket.object]]
key = "a.txt"
text = "{}"
"""


def test_demo_enforces_its_rules(tmp_path: Path) -> None:
    with serving(tmp_path, "--demo") as running:
        target = "/examplebucket/hello.txt"
        assert running.ask("GET", target, Referer="http://www.example.com/").status == 200
        assert running.ask("GET", target, Referer="http://thief.example.org/").status == 403
        assert running.ask("GET", "/examplebucket/picture.svg").status == 200


def test_folder_is_preloaded(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.txt").write_text("preloaded")
    seed = tmp_path / "seed.toml"
    seed.write_text(SEED.format("seeded"))
    folder = f"{tmp_path / 'site'}=examplebucket"
    with serving(tmp_path, "--seed", str(seed), "--preload", folder) as running:
        found = running.ask("GET", OBJECT)
        assert (found.status, found.text) == (200, "preloaded")
        assert found.headers["Content-Type"] == "text/plain"


def rewrite(path: Path, text: str) -> None:
    """Change a file at once, so that nobody sees it half written."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def test_changed_seed_is_loaded_and_a_broken_one_is_not(tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text(SEED.format("one"))
    said = [
        f"oss-emulator: {seed} changed and was loaded again",
        "oss-emulator: nothing was loaded again, and the old contents stay: The seed "
        f"{seed}, line 1, column 1: bucket[0].name is missing; write a string.",
        f"oss-emulator: {seed} changed and was loaded again",
    ]
    with serving(tmp_path, "--seed", str(seed), "--watch") as running:

        def has_said(count: int) -> bool:
            lines = running.stderr.read_text().splitlines()
            return [line for line in lines if "loaded again" in line] == said[:count]

        assert running.ask("GET", OBJECT).text == "one"
        rewrite(seed, SEED.format("and two"))
        wait_for(lambda: has_said(1))
        assert running.ask("GET", OBJECT).text == "and two"
        rewrite(seed, "[[bucket]]")
        wait_for(lambda: has_said(2))
        assert running.ask("GET", OBJECT).text == "and two"
        rewrite(seed, SEED.format("three"))
        wait_for(lambda: has_said(3))
        assert running.ask("GET", OBJECT).text == "three"


def test_object_of_a_removed_file_stays(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "below").mkdir(parents=True)
    gone = site / "below" / "b.txt"
    gone.write_text("b")
    seed = tmp_path / "seed.toml"
    seed.write_text(SEED.format("seeded"))
    flags = ("--seed", str(seed), "--preload", f"{site}=examplebucket", "--watch")
    with serving(tmp_path, *flags) as running:
        gone.unlink()
        said = f"oss-emulator: {gone} was removed, and what it held stays until a reset\n"
        wait_for(lambda: said in running.stderr.read_text())
        assert running.ask("GET", "/examplebucket/below/b.txt").text == "b"


def test_flags_precede_variables_and_variables_precede_the_file(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.oss-emulator]\nport = 0\nregion = "from-file"\naccess_key_id = "from-file"\n'
        f'access_key_secret = "from-file"\nready_file = "{ready}"\n'
    )
    env = environment(OSS_EMULATOR_ACCESS_KEY_ID="from-variable", OSS_EMULATOR_REGION="variable")
    command = ("serve", "--region", "from-flag")
    with started(command, tmp_path, ready, env, tmp_path) as running:
        assert running.ready["region"] == "from-flag"
        assert running.ready["access_key_id"] == "from-variable"
        assert "(as configured)" in running.announced


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--demo", "--seed", "x"), "--demo is a seed of its own: give either --demo or --seed"),
        (("--preload", "none=examplebucket"), "none cannot be preloaded: it is not a folder."),
        (("--preload", "a=A"), "'A' is not the name of a bucket, which has 3 to 63 lower-case"),
    ],
)
def test_mistake_gets_one_line(tmp_path: Path, flags: tuple[str, ...], said: str) -> None:
    with chdir(tmp_path):
        assert said in refuse("serve", "--port", "0", *flags)
