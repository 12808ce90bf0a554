"""The samples of the pages that can be tried in the page of the lab, beside their commands."""

import ast
import base64
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from oss_referer import RefererConfiguration
from oss_referer.sources.ossutil import to_members

Step = dict[str, Any]
"""A command of a sample: its arguments, and what of its output is shown or becomes a file."""

_HEREDOC = re.compile(r"^cat > (\S+) <<'END'\n(.*?\n)END\n", re.DOTALL | re.MULTILINE)
_COMMAND = "oss-emulator"
COMMANDS = ("check", "diff", "generate", "lint", "scenarios", "test", "translate")
"""The commands that run in a browser; the others need sockets, processes or large files."""


class NotHereError(ValueError):
    """A sample needs what a browser does not have."""


class Samples:
    """Reads the samples of one page in their order, since later ones use files of earlier ones."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}
        self._earlier: list[Step] = []

    def read(self, text: str) -> dict[str, Any] | None:
        """Read the commands of a block; None if they cannot be tried, or there are none."""
        for name, content in _HEREDOC.findall(text):
            self._files[name] = content
        try:
            steps = [_parse(line) for line in _lines(_HEREDOC.sub("", text))]
        except NotHereError:
            return None
        before = [{**step, "hidden": True} for step in self._needed(steps)]
        self._earlier += steps
        if not steps:
            return None
        named = {word for step in before + steps for word in step["args"]}
        files = {name: content for name, content in self._files.items() if name in named}
        return {"text": text, "files": files, "steps": before + steps, **_see(steps)}

    def _needed(self, steps: Iterable[Step]) -> Iterator[Step]:
        """Yield the earlier commands that wrote a file which these name."""
        named = {word for step in steps for word in step["args"]}
        for step in self._earlier:
            if step.get("to") in named:
                yield step


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _parse(line: str) -> Step:
    """Parse a command, and the `head` or `tail` behind it. Raises NotHereError."""
    words = shlex.split(line)
    if len(words) == 2 and words[0] == "cat":
        return {"args": [], "show": words[1]}
    filtered: Step = {}
    if "|" in words:
        place = words.index("|")
        match words[place + 1 :]:
            case ["head" | "tail" as name, "-n", count]:
                filtered = {name: int(count)}
            case _:
                raise NotHereError
        words = words[:place]
    if ">" in words:
        place = words.index(">")
        filtered = {"to": words[place + 1]}
        words = words[:place]
    if len(words) < 2 or words[0] != _COMMAND or words[1] not in COMMANDS:
        raise NotHereError
    if any("oss://" in word or word == "-" for word in words):
        raise NotHereError
    return {"args": words[1:], **filtered}


def _see(steps: list[Step]) -> dict[str, Any]:
    """Return what the page shows of the last command: its rules, Referers and site."""
    args = next(step["args"] for step in reversed(steps) if step["args"])
    files = [word for word in args[1:] if re.fullmatch(r"[\w.-]+\.(?:xml|toml|conf)", word)]
    seen: dict[str, Any] = {"document": files[0] if files else steps[0].get("to")}
    if args[0] == "diff":
        seen.update(other=files[0], document=files[1])
    referers = [args[place + 1] for place, word in enumerate(args) if word == "--referer"]
    if referers:
        seen["referers"] = "\n".join(referers)
    if site := _after(args, "--site"):
        seen["site"] = site
    return seen


def _after(args: list[str], flag: str) -> str | None:
    return args[args.index(flag) + 1] if flag in args else None


def read_case(code: str) -> dict[str, Any] | None:
    """Read the rules and the Referer of a program that checks one; None if either is missing."""
    found: dict[str, Any] = {"site": ""}
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).rpartition(".")[2]
        if name == "RefererConfiguration":
            given = {item.arg: ast.literal_eval(item.value) for item in node.keywords if item.arg}
            found["rules"] = to_members(
                RefererConfiguration(*map(ast.literal_eval, node.args), **given)
            )
        elif name == "decide":
            found["referers"] = ast.literal_eval(node.args[0])
    return found if {"rules", "referers"} <= found.keys() else None


def link(kind: str, value: object) -> str:
    """Return the fragment with which the page shows a `sample` or a `case`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"#{kind}={base64.urlsafe_b64encode(text.encode()).decode().rstrip('=')}"
