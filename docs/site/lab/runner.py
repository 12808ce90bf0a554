"""What the page asks of Python: a command line in a folder of its own, or an action of the page.

It runs in the browser. Questions and answers are JSON, so that no object lives in two languages.
"""

import io
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from oss_referer.__main__ import PROGRAM

STANDARD_INPUT = "-"
"""The name of the file that a command reads as its standard input."""

_LONGEST = 200
"""The bytes of the longest name of a file."""

SERVER = frozenset({"completion", "play", "run", "serve"})
"""The commands of oss-emulator that are not about rules, so they are not here."""

_INSTALL = "install oss-emulator and run it there: pip install oss-emulator"


def run(asked: str) -> str:
    """Run the command line `args` in a folder with `files`, and return what came of it.

    The answer has `status`, `stdout`, `stderr`, and the `files` of the folder afterwards. Raises
    ValueError for a name that leads out of the folder.
    """
    given = json.loads(asked)
    arguments, files = given.get("args"), given.get("files")
    texts: tuple[object, ...] = (None,)
    if isinstance(arguments, list) and isinstance(files, dict):
        texts = (*arguments, *files.values())
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("args must be a list of strings, and files an object of strings")
    if any("\0" in text for text in arguments):
        raise ValueError("args must not have the character U+0000, which no command line can have")
    standard_input = files.pop(STANDARD_INPUT, "")
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, files)
        os.chdir(folder)
        try:
            status, written, errors = _run(arguments, standard_input)
        finally:
            os.chdir(here)
        return json.dumps(
            {"status": status, "stdout": written, "stderr": errors, "files": _read(folder)}
        )


def protect(folder: str) -> None:
    """Keep commands from writing into a folder, such as the one that Python imports from."""
    for path in (Path(folder), *Path(folder).rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)


def call(name: str, value: str) -> str:
    """Do an action of the page with a value, and return its answer."""
    from oss_referer.page import actions  # with templates, which commands do not need

    return json.dumps(actions.answer(name, json.loads(value)))


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        parts = PurePosixPath(name).parts
        is_outside = not parts or name.startswith("/") or ".." in parts or "\0" in name
        if is_outside or len(name.encode(errors="replace")) > _LONGEST:
            raise ValueError(f"{name!r} is not the name of a file in the folder of the command")
        path = folder.joinpath(*parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8", "surrogatepass"))
        except (OSError, UnicodeEncodeError):
            raise ValueError(f"{name!r} cannot be a file beside the others") from None


def _read(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8", "replace")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _run(arguments: Sequence[str], standard_input: str) -> tuple[int, str, str]:
    """Run a command line; return its status, and what it wrote to both outputs."""
    streams = sys.stdin, sys.stdout, sys.stderr
    given = io.BytesIO(standard_input.encode("utf-8", "surrogatepass"))
    output, said = io.BytesIO(), io.BytesIO()
    sys.stdin = io.TextIOWrapper(given, "utf-8")
    sys.stdout = io.TextIOWrapper(output, "utf-8", newline="", write_through=True)
    sys.stderr = io.TextIOWrapper(said, "utf-8", "backslashreplace", "", write_through=True)
    try:
        status = _main(arguments)
        return status, _text(output), _text(said)
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams


def _text(written: io.BytesIO) -> str:
    return written.getvalue().decode("utf-8", "replace")


def _main(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] in SERVER:
        return _refuse(arguments)
    try:
        return PROGRAM.main(arguments)
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except ImportError as error:
        if not str(error.name).startswith("oss_referer"):
            raise
        return _refuse(arguments)
    except Exception:
        traceback.print_exc()
        return 1


def _refuse(arguments: Sequence[str]) -> int:
    given = " ".join(arguments)
    print(f"oss-emulator: a browser cannot run {given}; {_INSTALL}", file=sys.stderr)
    return 2
