"""Programs that some tests need: a test is skipped where one is missing, and fails in CI.

pytest is imported late, because `make newcomer` reads this module without any package.
"""

import os
import shutil

PROGRAMS = {
    "browser": ("chromium", "chromium-browser", "google-chrome"),
    "curl": ("curl",),
    "go": ("go",),
    "headless-shell": ("chromium-headless-shell",),
    "java": ("java",),
    "make": ("make",),
    "nginx": ("nginx", "/usr/sbin/nginx"),
    "node": ("node",),
    "npm": ("npm",),
    "php": ("php",),
    "rclone": ("rclone",),
    "ruby": ("ruby",),
    "sh": ("sh",),
}
"""The requirements, and the programs that fulfil each; the first one that is found is used.

On Debian, nginx is in a folder that only root has on its PATH."""

PACKAGES = {"containers", "languages", "s3", "site", "spark"}
"""Targets of make that install or build what their tests need; the tests call `required`."""

VARIABLE = "OSS_EMULATOR_REQUIRE"
"""The environment variable that lists, with commas, the requirements that must not be missing."""


def require(name: str) -> str:
    """Return the path of a program that fulfils the requirement.

    Without one, the test is skipped, or fails where `OSS_EMULATOR_REQUIRE` names the requirement.
    """
    found = find(name)
    if found is None:
        import pytest

        reason = f"{name} is missing: none of {', '.join(PROGRAMS[name])} is installed"
        if name in required():
            pytest.fail(f"{reason}, and {VARIABLE} requires it", pytrace=False)
        pytest.skip(reason)
    return found


def find(name: str) -> str | None:
    """Return the path of the first program that fulfils the requirement; None without one."""
    candidates = (shutil.which(program) for program in PROGRAMS[name])
    return next((found for found in candidates if found), None)


def required() -> set[str]:
    """Return what `OSS_EMULATOR_REQUIRE` names; fail the test for an unknown name."""
    names = {name.strip() for name in os.environ.get(VARIABLE, "").split(",")} - {""}
    if unknown := names - PROGRAMS.keys() - PACKAGES:
        import pytest

        known = ", ".join((*PROGRAMS, *PACKAGES))
        pytest.fail(
            f"{VARIABLE} names {', '.join(sorted(unknown))}; it knows {known}.", pytrace=False
        )
    return names
