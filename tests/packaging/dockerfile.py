"""A reader of a Dockerfile, which needs no container engine."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import NamedTuple

_KNOWN = frozenset(
    "ARG FROM WORKDIR COPY RUN ENV USER LABEL EXPOSE HEALTHCHECK ENTRYPOINT CMD".split()
)


class Copy(NamedTuple):
    """A COPY from a stage, or from the build context for ""."""

    stage: str
    sources: tuple[str, ...]
    destination: str


@dataclass
class Stage:
    """A FROM and the instructions after it."""

    base: str
    """The image below, with default arguments; for an earlier stage, the image below that."""
    name: str = ""
    env: dict[str, str] = field(default_factory=dict)
    copies: list[Copy] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    workdir: str = "/"
    ports: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    """The command of HEALTHCHECK."""
    entrypoint: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)


def parse(text: str) -> list[Stage]:
    """Parse the stages; raises `ValueError` for invalid or unknown instructions."""
    stages: list[Stage] = []
    arguments: dict[str, str] = {}
    for name, value in _instructions(text):
        if name == "ARG":
            if stages:
                raise ValueError(f"ARG {value}")
            arguments |= _pairs(value)
            continue
        if name == "FROM":
            base, *alias = value.split()
            for argument, default in arguments.items():
                base = base.replace(f"${{{argument}}}", default)
            if alias and (len(alias) != 2 or alias[0].upper() != "AS"):
                raise ValueError(f"FROM {value}")
            base = next((stage.base for stage in stages if stage.name == base), base)
            stages.append(Stage(base, alias[1] if alias else ""))
            continue
        stage = stages[-1]
        match name:
            case "WORKDIR":
                stage.workdir = value
            case "USER":
                stage.user = value
            case "RUN":
                stage.runs.append(value)
            case "EXPOSE":
                stage.ports += value.split()
            case "COPY":
                stage.copies.append(_copy(value))
            case "ENV":
                stage.env |= _pairs(value)
            case "LABEL":
                stage.labels |= _pairs(value)
            case "HEALTHCHECK":
                stage.health = _health(value)
            case "ENTRYPOINT":
                stage.entrypoint = _command(value)
            case "CMD":
                stage.cmd = _command(value)
    return stages


def ignored(path: str, dockerignore: str) -> bool:
    """Return whether .dockerignore excludes a path; the last pattern that matches decides."""
    verdict = False
    parts = path.split("/")
    parents = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    for line in dockerignore.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        names = parts if pattern.startswith("**/") else parents
        wanted = pattern.removeprefix("!").removeprefix("**/")
        if any(fnmatch(name, wanted) and ("/" in wanted or "/" not in name) for name in names):
            verdict = not pattern.startswith("!")
    return verdict


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = []
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        if line.strip():
            name, _, value = line.strip().partition(" ")
            if name not in _KNOWN or not value.strip():
                raise ValueError(f"This instruction is unknown or empty: {line}")
            found.append((name, value.strip()))
    if not found or found[0][0] not in ("ARG", "FROM"):
        raise ValueError("The first instruction must be ARG or FROM.")
    return found


def _copy(value: str) -> Copy:
    words = value.split()
    stage = ""
    if words[0].startswith("--"):
        option, _, stage = words.pop(0).partition("=")
        if option != "--from":
            raise ValueError(f"COPY {value}")
    if len(words) < 2:
        raise ValueError(f"COPY {value}")
    return Copy(stage, tuple(words[:-1]), words[-1])


def _pairs(value: str) -> dict[str, str]:
    pairs = [word.partition("=") for word in shlex.split(value)]
    if not all(name and equals for name, equals, _ in pairs):
        raise ValueError(f"ENV {value}")
    return {name: text for name, _, text in pairs}


def _health(value: str) -> list[str]:
    options, command, rest = value.partition("CMD ")
    if not command or not all(
        re.fullmatch(r"--(interval|timeout|start-period)=\d+s|--retries=\d+", option)
        for option in options.split()
    ):
        raise ValueError(f"HEALTHCHECK {value}")
    return _command(rest)


def _command(value: str) -> list[str]:
    """Parse the exec form. In the shell form, a shell would receive the signals, not the server."""
    command = json.loads(value)
    if not isinstance(command, list) or not all(isinstance(word, str) for word in command):
        raise ValueError(f"This command is not in exec form: {value}")
    return command
