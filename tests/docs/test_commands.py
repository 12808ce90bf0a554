"""Run the commands and the code of pages, and compare what they print."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cli.forking import install, serving
from tests.cli.process import environment, reserved_port
from tests.client import PATIENCE
from tests.docs.markdown import Block, agrees, blocks
from tests.requirements import require

ROOT = Path(__file__).parents[2]
PAGES = [
    "addressing",
    "admin",
    "har",
    "operations",
    "referer",
    "replay",
    "review",
    "rule-lab",
    "scenarios",
    "terraform",
    "translate",
]


def steps(page: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a page with the output below it; "" for a command without output."""
    found = [block for block in blocks(page) if block.language in ("sh", "python", "text")]
    run = [block for block in found if not block.why_not_run]
    nothing = Block("text", "")
    for before, block, after in zip([nothing, *run], run, [*run[1:], nothing], strict=False):
        if block.language == "sh":
            yield block.text, after.text if after.language == "text" else ""
        elif block.language == "text":
            assert before.language in ("sh", "python"), f"an output follows nothing: {block.text}"


@pytest.mark.parametrize("name", PAGES)
def test_commands_print_what_is_shown(name: str, tmp_path: Path) -> None:
    require("curl")
    page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    reader = tmp_path / "reader"
    shutil.copytree(ROOT / "fixtures" / "logs", reader / "logs")
    shutil.copy(ROOT / "fixtures" / "har" / "site.har", reader)
    shutil.copytree(ROOT / "examples" / "gate", reader / "gate")
    (tmp_path / ".curlrc").write_text("silent\nshow-error\n", encoding="utf-8")
    place = install(tmp_path)
    with serving(tmp_path, "--demo") as running:
        path = f"{place}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        variables = environment(
            PATH=path, HOME=str(tmp_path), OSS_ENDPOINT=running.endpoint, no_proxy="*"
        )
        for command, shown in steps(re.sub(r":9000\b", f":{running.port}", page)):
            printed = subprocess.run(
                ["sh"],
                input=command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=reader,
                env=variables,
                timeout=PATIENCE,
            ).stdout
            if printed and not printed.endswith("\n"):
                printed += "\n"
            assert agrees(shown, printed), f"{command}\n{printed}"


@pytest.mark.parametrize("name", ["referer", "testing", "tls"])
def test_code_prints_what_is_shown(name: str) -> None:
    found = blocks((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"))
    pairs = [
        (code.text, output.text)
        for code, output in pairwise(found)
        if (code.language, output.language) == ("python", "text") and "print(" in code.text
    ]
    assert pairs
    for code, output in pairs:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"docs/{name}.md", "exec"), {})  # noqa: S102 - our own page
        assert printed.getvalue() == output


@pytest.mark.system
def test_first_commands_for_https_wait_for_the_server(tmp_path: Path) -> None:
    require("curl")
    block = next(iter(blocks((ROOT / "docs" / "tls.md").read_text(encoding="utf-8"))))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with reserved_port() as plain, reserved_port() as port:
        text = block.text.replace("9443", str(port)).replace("serve ", f"serve --port {plain} ")
        done = subprocess.run(
            ["sh", "-c", f"{text}kill $!; wait"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment(PATH=path, HOME=str(tmp_path)),
            timeout=PATIENCE,
            check=False,
        )
    assert '"status": "ok"' in done.stdout, done.stderr
