"""The pages on addresses, https and drop-in use agree with the code."""

import json
import re
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from oss_emulator.cli.run import PRELOAD
from oss_emulator.settings import Settings

from tests.cli.forking import command
from tests.cli.process import environment
from tests.docs.markdown import table

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {
    name: (DOCS / name).read_text(encoding="utf-8")
    for name in ("addressing.md", "tls.md", "drop-in.md")
}


@pytest.mark.parametrize("page", PAGES)
def test_flags_that_are_named_exist(page: str) -> None:
    known = {f"--{field.name.replace('_', '-')}" for field in fields(Settings)} | {"--cacert"}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGES[page]))
    assert named
    assert named <= known


def test_page_names_all_variables_that_run_sets() -> None:
    program = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
    token = "of another key"
    given = environment(OSS_SESSION_TOKEN=token, ALIBABA_CLOUD_SECURITY_TOKEN=token)
    found = json.loads(command("run", *program, env=given).stdout)
    # Python may set LC_CTYPE by itself.
    names = {*found, *given} - {"LC_CTYPE"}
    changed = {name for name in names if found.get(name) != given.get(name)}
    named = {
        name.strip()
        for variable, _ in table(PAGES["drop-in.md"], "Variable")
        for name in variable.removesuffix(", also in lower case").split(",")
    }
    named |= {"http_proxy", "https_proxy"}
    assert changed == named


def test_page_names_all_files_that_programs_load() -> None:
    assert {path.name for path in PRELOAD.iterdir() if path.is_file()} == set(
        re.findall(r"^- `(\S+)`, by", PAGES["drop-in.md"], re.MULTILINE)
    )
