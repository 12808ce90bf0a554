"""What a new user does: a clone, the commands of the README, and one project for each client.

    make newcomer

It needs Python 3.11 without any package, make, git, curl, npm and rclone, and gets packages from
PyPI and npm. It reports how long each step took, and fails if one does.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.docs.markdown import Block, agrees, blocks

ROOT = Path(__file__).parents[2]
PROJECTS = Path(__file__).with_name("projects")
PACKAGES = (
    "alibabacloud-oss-v2",
    "boto3",
    "django",
    "fastapi",
    "httpx",
    "pytest",
    "requests",
)
"""What the projects install beside the emulator."""
_OF_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS", "VENV", "PYTHON")
"""What an outer make passes on, which a new user does not have."""

PATIENCE = 300
"""Seconds for one step."""


class Steps:
    """Runs steps, remembers how long each took, and goes on after a failure."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.failures: dict[str, str] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step; an error fails it."""
        began = time.monotonic()
        try:
            yield
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            output = getattr(error, "output", None) or ""
            self.failures[name] = f"{error}\n{output}"
        self.seconds[name] = time.monotonic() - began
        verdict = "FAILED" if name in self.failures else "passed"
        print(f"{self.seconds[name]:6.1f} s  {verdict}  {name}", flush=True)

    def run(self, name: str, function: Callable[[], object]) -> None:
        """Run a function as a step."""
        with self.step(name):
            function()


def run(*command: str | Path, cwd: Path, env: Mapping[str, str], text: str = "") -> str:
    """Run a command that must succeed; return what it prints."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=dict(env),
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return done.stdout


class Newcomer:
    """A person with an empty folder and nothing set."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.clone = home / "oss-emulator"
        self.projects = home / "projects"
        self.python = self.projects / ".venv" / "bin" / "python"
        kept = {
            name: text
            for name, text in os.environ.items()
            if name not in _OF_MAKE and not name.startswith(("OSS_", "ALIBABA_", "AWS_"))
        }
        self.bare = {**kept, "HOME": str(home), "no_proxy": "127.0.0.1,localhost"}
        folders = (self.python.parent, self.clone / ".venv" / "bin")
        path = os.pathsep.join((*map(str, folders), self.bare["PATH"]))
        self.env = {**self.bare, "PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        """The environment once both environments of Python are installed."""

    def clone_it(self) -> None:
        """Get the project."""
        run("git", "clone", "--quiet", ROOT, self.clone, cwd=self.home, env=self.bare)
        shutil.copytree(PROJECTS, self.projects)

    @contextmanager
    def make_run(self) -> Iterator[int]:
        """Run `make run` until the server is ready; yields its port."""
        ready, log = self.home / "ready.json", self.home / "make-run"
        flags = f"ARGS=--port 0 --ready-file {shlex.quote(str(ready))}"
        with log.open("wb") as written:
            process = subprocess.Popen(
                ["make", "run", flags],
                cwd=self.clone,
                env=self.bare,
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own, so that make and the server end
            )
        try:
            deadline = time.monotonic() + PATIENCE
            while not ready.exists():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield int(json.loads(ready.read_text())["port"])
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(PATIENCE)

    def install(self) -> None:
        """Install what the projects need, with uv where it is."""
        packages = (f"{self.clone}[lab,testing]", *PACKAGES)
        if shutil.which("uv"):
            run("uv", "venv", "--quiet", self.projects / ".venv", cwd=self.home, env=self.bare)
            pip: tuple[str | Path, ...] = ("uv", "pip", "install", "--python", self.python)
        else:
            venv = (sys.executable, "-m", "venv", self.projects / ".venv")
            run(*venv, cwd=self.home, env=self.bare)
            pip = (self.python, "-m", "pip", "install", "--no-compile")
        run(*pip, "--quiet", *packages, cwd=self.home, env=self.bare)

    def install_from_wheels(self) -> None:
        """Install the package and its extra `lab` where nothing may be built."""
        folder = self.home / "wheels"
        python = folder / ".venv" / "bin" / "python"
        run(sys.executable, "-m", "venv", folder / ".venv", cwd=self.home, env=self.bare)
        pip = (python, "-m", "pip", "--quiet", "--disable-pip-version-check")
        run(*pip, "wheel", "--no-deps", "-w", folder, self.clone, cwd=self.home, env=self.bare)
        (wheel,) = folder.glob("*.whl")
        wanted = ("--only-binary", ":all:", f"{wheel}[lab]")
        run(*pip, "install", "--no-compile", *wanted, cwd=self.home, env=self.bare)
        run(python, "-m", "oss_emulator", "--version", cwd=self.home, env=self.bare)

    def install_node(self) -> None:
        """Install what the example for Node.js needs."""
        folder = self.clone / "examples" / "node"
        run("npm", "install", "--no-audit", "--no-fund", cwd=folder, env=self.bare)

    def in_project(self, name: str, *command: str) -> str:
        """Run a command in a project."""
        return run(*command, cwd=self.projects / name, env=self.env)


def follow_readme(newcomer: Newcomer, port: int) -> None:
    """Run each block of the README, and compare what it prints."""
    found = blocks((newcomer.clone / "README.md").read_text(encoding="utf-8"))
    ours = [block for block in found if not block.why_not_run and "def test_" not in block.text]
    script = "set -eu\n"
    expected: list[Block | None] = []
    for block, after in zip(ours, [*ours[1:], None], strict=True):
        if block.language == "text" or block.text.startswith("make "):
            continue
        text = block.text.replace(":9000", f":{port}")
        if block.language == "python":
            text = f"python - <<'END OF BLOCK'\n{text}END OF BLOCK\n"
        script += f"echo '---- {len(expected)}'\n{text}\n"
        expected.append(after if after is not None and after.language == "text" else None)
    printed = run("sh", cwd=newcomer.clone, env=newcomer.env, text=script).split("---- ")[1:]
    assert len(printed) == len(expected)
    for output, shown in zip(printed, expected, strict=True):
        lines = "".join(f"{line}\n" for line in output.splitlines()[1:])
        wanted = shown.text if shown is not None else "...\n"
        assert agrees(f"...\n{wanted}", lines), f"expected:\n{wanted}\nfound:\n{lines}"


def project(name: str, *command: str) -> Callable[[Newcomer], str]:
    """Return a step that runs a command in a project."""
    return lambda newcomer: newcomer.in_project(name, *command)


STEPS: dict[str, Callable[[Newcomer], str]] = {
    "oss2 with the pytest plugin": project("oss2", "python", "-m", "pytest", "-q"),
    "SDK V2 under run": project("v2", "oss-emulator", "run", "--demo", "--", "python", "app.py"),
    "FastAPI and httpx": project("fastapi", "python", "-m", "pytest", "-q"),
    "Django": project("django", "python", "-m", "pytest", "-q"),
    "boto3 under run": project("boto3", "oss-emulator", "run", "--demo", "--", "python", "app.py"),
    "rclone under run": project("rclone", "oss-emulator", "run", "--demo", "--", "sh", "list.sh"),
}


def test_node(newcomer: Newcomer, port: int) -> None:
    """Run the example for ali-oss against the server of `make run`."""
    env = {**newcomer.env, "OSS_ENDPOINT": f"http://localhost:{port}"}
    run("npm", "test", cwd=newcomer.clone / "examples" / "node", env=env)


def main() -> int:
    """Do everything; returns 1 if a step fails."""
    missing = [name for name in ("make", "git", "curl", "npm", "rclone") if not shutil.which(name)]
    if missing:
        sys.exit(f"These programs are missing: {', '.join(missing)}")
    steps, began = Steps(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="newcomer-") as home, ThreadPoolExecutor() as others:
        newcomer = Newcomer(Path(home))
        with steps.step("git clone"):
            newcomer.clone_it()
        installing = [
            others.submit(steps.run, "pip install, for the projects", newcomer.install),
            others.submit(steps.run, "npm install", newcomer.install_node),
            others.submit(steps.run, "pip --only-binary :all:", newcomer.install_from_wheels),
        ]
        with steps.step("make run, until it is ended"), newcomer.make_run() as port:
            print(f"{time.monotonic() - began:6.1f} s  from the clone to a server", flush=True)
            for future in installing:
                future.result()
            steps.run("commands of the README", partial(follow_readme, newcomer, port))
            steps.run("ali-oss, examples/node", partial(test_node, newcomer, port))
            for name, step in STEPS.items():
                steps.run(name, partial(step, newcomer))
        print(f"{time.monotonic() - began:6.1f} s  in all", flush=True)
    for name, text in steps.failures.items():
        print(f"\n{name} failed:\n{text}", file=sys.stderr)
    return 1 if steps.failures else 0


if __name__ == "__main__":
    sys.exit(main())
