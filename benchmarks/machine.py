"""The machine on which the measurements were taken."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("aiohttp", "uvloop", "lxml", "fastcrc", "oss2")


def describe() -> str:
    """Describe processor, memory, system, versions and load."""
    load = os.getloadavg()[0]
    cores = os.cpu_count() or 1
    priority = os.getpriority(os.PRIO_PROCESS, 0)
    went_first = f" They had to wait: it ran with `nice -n {priority}`." if priority < 0 else ""
    return (
        f"{_processor()}, {cores} cores, {_memory():.0f} GiB of memory; {_system()}, "
        f"Linux {platform.release()}; Python {platform.python_version()}, "
        f"{', '.join(f'{name} {_version(name)}' for name in PACKAGES)}. "
        f"When it began, {load:.1f} other processes wanted to run on its {cores} cores."
        f"{went_first}"
    )


def _processor() -> str:
    found = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return found[0] if found else platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _system() -> str:
    return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
