"""The first steps of a new user: a clone, the commands of the README, a project for each client.

    make newcomer

It needs Python 3.11 without any package, make, git and curl, and gets packages from PyPI and npm.
The projects use the commands of the pages. A project without its programs is skipped, and fails
where `OSS_EMULATOR_REQUIRE` names one of them. It reports the time of each step, and fails if a
step fails.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.docs.markdown import Block, agrees, blocks
from tests.requirements import PROGRAMS, VARIABLE, find, required

ROOT = Path(__file__).parents[2]
PROJECTS = Path(__file__).with_name("projects")
PACKAGES = (
    "alibabacloud-oss-v2",
    "boto3",
    "django",
    "fastapi",
    "httpx",
    "playwright",
    "pytest",
    "requests",
)
"""Packages that the projects install beside the emulator."""
GO_PATH = Path("/usr/share/gocode")
GO_SDK = "github.com/aliyun/aliyun-oss-go-sdk/oss"
"""Where Debian's golang-github-aliyun-aliyun-oss-go-sdk-dev installs the SDK for Go."""
OF_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS", "VENV", "PYTHON")
"""Variables of an outer make, which a new user does not have."""

PATIENCE = 900
"""Seconds for one step."""


class Steps:
    """Runs steps, records the time of each, and continues after a failure."""

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

    def run(self, name: str, function: Callable[[], object], *needs: str) -> None:
        """Run a function as a step; skip it if a program or path that it needs is missing."""
        missing = [need for need in needs if not has(need)]
        if missing and not required() & set(needs):
            print(f"          skipped  {name}: {', '.join(missing)} is missing", flush=True)
            return
        with self.step(name):
            assert not missing, f"{', '.join(missing)} is missing, and {VARIABLE} requires it"
            function()


def has(need: str) -> bool:
    """Return whether a required program is on the PATH, or a required file exists."""
    return bool(find(need)) if need in PROGRAMS else Path(need).exists()


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
            if name not in OF_MAKE and not name.startswith(("OSS_", "ALIBABA_", "AWS_"))
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

    def make_run(self) -> AbstractContextManager[int]:
        """Run `make run` until the block ends; yields the port of the server."""
        ready = self.home / "make-run.json"
        flags = f"ARGS=--port 0 --ready-file {shlex.quote(str(ready))}"
        return self.serving("make", "run", flags, ready=ready, env=self.bare)

    @contextmanager
    def serving(self, *command: str, ready: Path, env: Mapping[str, str]) -> Iterator[int]:
        """Run a command of the clone that serves; yields the port that its ready file names."""
        log = ready.with_suffix(".log")
        with log.open("wb") as written:
            process = subprocess.Popen(
                command,
                cwd=self.clone,
                env=dict(env),
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
        """Install what most projects need."""
        self.install_into(self.projects, f"{self.clone}[lab,testing]", *PACKAGES)

    def install_lake(self) -> None:
        """Install what docs/s3.md says for pandas and DuckDB."""
        pip, install, *packages = shlex.split(self.printed("docs/s3.md", "pip install"))
        assert (pip, install) == ("pip", "install")
        self.install_into(self.projects / "lake", *packages)

    def install_into(self, folder: Path, *packages: str) -> None:
        """Make an environment in a folder and install packages, with uv where it is."""
        venv, python = folder / ".venv", folder / ".venv" / "bin" / "python"
        if shutil.which("uv"):
            run("uv", "venv", "--quiet", venv, cwd=self.home, env=self.bare)
            pip: tuple[str | Path, ...] = ("uv", "pip", "install", "--python", python)
        else:
            run(sys.executable, "-m", "venv", venv, cwd=self.home, env=self.bare)
            pip = (python, "-m", "pip", "install", "--no-compile")
        run(*pip, "--quiet", *packages, cwd=self.home, env=self.bare)

    def install_from_wheels(self) -> None:
        """Install the package and its extra `lab` from wheels only."""
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

    def compile_go(self) -> None:
        """Compile the SDK for Go and the library of Go, which takes longer than the program."""
        run("go", "build", GO_SDK, cwd=self.home, env=self.go)

    @property
    def go(self) -> dict[str, str]:
        """The environment where Go finds the packages of Debian.

        It has the cache of this machine, because a Go programmer has compiled the library before.
        """
        cache = run("go", "env", "GOCACHE", cwd=self.home, env=os.environ).strip()
        flags = {"CGO_ENABLED": "0", "GO111MODULE": "off", "GOPATH": str(GO_PATH)}
        return {**self.env, **flags, "GOCACHE": cache}

    def printed(self, page: str, mark: str) -> str:
        """Return the first block of a page that has a mark."""
        found = blocks((self.clone / page).read_text(encoding="utf-8"))
        return next(block.text for block in found if mark in block.text)

    def in_project(self, name: str, *command: str) -> str:
        """Run a command in a project."""
        return run(*command, cwd=self.projects / name, env=self.env)


def follow_readme(clone: Path, env: Mapping[str, str], port: int) -> None:
    """Run each block of the README of a clone, and compare what it prints."""
    found = blocks((clone / "README.md").read_text(encoding="utf-8"))
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
    printed = run("sh", cwd=clone, env=env, text=script).split("---- ")[1:]
    assert len(printed) == len(expected)
    for output, shown in zip(printed, expected, strict=True):
        lines = "".join(f"{line}\n" for line in output.splitlines()[1:])
        wanted = shown.text if shown is not None else "...\n"
        assert agrees(f"...\n{wanted}", lines), f"expected:\n{wanted}\nfound:\n{lines}"


def test_readme_with_oss2(newcomer: Newcomer, port: int) -> None:
    """Run the test of the README, which starts a server of its own."""
    code = newcomer.printed("README.md", "def test_")
    (newcomer.projects / "oss2" / "test_images.py").write_text(code, encoding="utf-8")
    newcomer.in_project("oss2", "python", "-m", "pytest", "-q")


def snippet(newcomer: Newcomer, port: int, client: str, file: Path) -> dict[str, str]:
    """Write the console's sample program for a client to a file; return the keys in it."""
    url = f"http://127.0.0.1:{port}/_emulator/connect"
    found: dict[str, Any] = json.loads(run("curl", "-s", url, cwd=newcomer.home, env=newcomer.bare))
    (text,) = [each["text"] for each in found["clients"] if each["name"] == client]
    file.write_text(text, encoding="utf-8")
    return {
        "OSS_ACCESS_KEY_ID": found["access_key_id"],
        "OSS_ACCESS_KEY_SECRET": found["access_key_secret"],
    }


def test_v2(newcomer: Newcomer, port: int) -> None:
    """Run the program that the console shows for SDK V2."""
    folder = newcomer.projects / "v2"
    keys = snippet(newcomer, port, "alibabacloud-oss-v2", folder / "hello.py")
    printed = run("python", "hello.py", cwd=folder, env={**newcomer.env, **keys})
    assert printed == "b'Hello'\n", printed


def test_go(newcomer: Newcomer, port: int) -> None:
    """Run the program that the console shows for the SDK for Go."""
    folder = newcomer.home
    keys = snippet(newcomer, port, "aliyun-oss-go-sdk", folder / "hello.go")
    printed = run("go", "run", "hello.go", cwd=folder, env={**newcomer.go, **keys})
    assert printed == "Hello\n", printed


def example(name: str, newcomer: Newcomer, port: int) -> None:
    """Type what examples/README.md prints for an example with the pytest plugin."""
    printed = (newcomer.clone / "examples" / "README.md").read_text(encoding="utf-8")
    command = f"pytest examples/{name}"
    assert f"`{command}`" in printed
    run(*command.split(), cwd=newcomer.clone, env=newcomer.env)


def test_node(newcomer: Newcomer, port: int) -> None:
    """Run the example for ali-oss against the server of `make run`."""
    env = {**newcomer.env, "OSS_ENDPOINT": f"http://localhost:{port}"}
    run("npm", "test", cwd=newcomer.clone / "examples" / "node", env=env)


def test_browser_upload(newcomer: Newcomer, port: int) -> None:
    """Run the commands of docs/web.md, with `npm test` in place of a person with a browser."""
    ready = newcomer.home / "browser-upload.json"
    serve = newcomer.printed("docs/web.md", "oss-emulator serve --accounts")
    command = (*shlex.split(serve), "--port", "0", "--ready-file", str(ready))
    script = newcomer.printed("docs/web.md", "npm start").replace("npm start", "npm test")
    with newcomer.serving(*command, ready=ready, env=newcomer.env) as own_port:
        env = {**newcomer.env, "OSS_ENDPOINT": f"http://localhost:{own_port}"}
        run("sh", "-e", cwd=newcomer.clone, env=env, text=script)


def test_lake(newcomer: Newcomer, port: int) -> None:
    """Run the program of docs/s3.md with pandas and DuckDB, and compare what it prints."""
    program = newcomer.printed("docs/s3.md", "duckdb_extension_httpfs").replace("9000", str(port))
    python = newcomer.projects / "lake" / ".venv" / "bin" / "python"
    printed = run(python, "-", cwd=newcomer.home, env=newcomer.bare, text=program)
    assert printed == newcomer.printed("docs/s3.md", "page  visits"), printed


def test_list_without_python(newcomer: Newcomer, port: int) -> None:
    """Unpack the lab as a release has it, and paste the list of docs/rule-lab.md into its page."""
    run("make", "lab", cwd=newcomer.clone, env=newcomer.bare)
    folder = newcomer.projects / "lab"
    with zipfile.ZipFile(newcomer.clone / "build" / "oss-emulator-lab.zip") as packed:
        packed.extractall(folder)
    (page,) = folder.rglob("index.html")
    typed = newcomer.printed("docs/rule-lab.md", "cat > hosts.txt <<'END'")
    (folder / "hosts.txt").write_text(typed.split("'END'\n")[1].split("END\n")[0], "utf-8")
    chapter = (newcomer.clone / "docs" / "rule-lab.md").read_text(encoding="utf-8")
    (answer,) = re.findall(r"the page answers \*(.+?)\*", " ".join(chapter.split()))
    browser = find("headless-shell") or find("browser")
    assert browser
    newcomer.in_project("lab", "python", "paste.py", browser, str(page), "hosts.txt", answer)


def project(name: str, *command: str) -> Callable[[Newcomer, int], str]:
    """Return a step that runs a command in a project."""
    return lambda newcomer, _: newcomer.in_project(name, *command)


UNDER_RUN = ("oss-emulator", "run", "--demo", "--")
STEPS: dict[str, tuple[Callable[[Newcomer, int], object], *tuple[str, ...]]] = {
    "commands of the README": (lambda it, port: follow_readme(it.clone, it.env, port),),
    "oss2 with the pytest plugin, as in the README": (test_readme_with_oss2,),
    "SDK V2, as in the console": (test_v2,),
    "SDK V2 under run": (project("v2", *UNDER_RUN, "python", "app.py"),),
    "pytest examples/pytest": (partial(example, "pytest"),),
    "SDK V2, FastAPI and httpx, examples/fastapi": (partial(example, "fastapi"),),
    "Django": (project("django", "python", "-m", "pytest", "-q"),),
    "boto3 under run": (project("boto3", *UNDER_RUN, "python", "app.py"),),
    "pandas and DuckDB, as in docs/s3.md": (test_lake,),
    "rclone under run": (project("rclone", *UNDER_RUN, "sh", "list.sh"), "rclone"),
    "ali-oss, examples/node": (test_node, "node", "npm"),
    "upload from a browser, as in docs/web.md": (test_browser_upload, "node", "npm"),
    "Go, as in the console": (test_go, "go", f"{GO_PATH}/src/{GO_SDK}"),
    "a list in the page of the lab": (test_list_without_python, "browser", "node", "npm"),
}
"""What each project does, and what it needs."""


def main() -> int:
    """Do everything; returns 1 if a step fails."""
    missing = [name for name in ("make", "git", "curl") if not shutil.which(name)]
    if missing:
        sys.exit(f"These programs are missing: {', '.join(missing)}")
    steps, began = Steps(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="newcomer-") as home, ThreadPoolExecutor() as others:
        newcomer = Newcomer(Path(home))
        with steps.step("git clone"):
            newcomer.clone_it()
        installing = [
            others.submit(steps.run, "pip install, for the projects", newcomer.install),
            others.submit(steps.run, "pip install, for pandas and DuckDB", newcomer.install_lake),
            others.submit(steps.run, "npm install", newcomer.install_node, "node", "npm"),
            others.submit(
                steps.run, "go build", newcomer.compile_go, "go", f"{GO_PATH}/src/{GO_SDK}"
            ),
            others.submit(steps.run, "pip --only-binary :all:", newcomer.install_from_wheels),
        ]
        with steps.step("make run, until it is ended"), newcomer.make_run() as port:
            print(f"{time.monotonic() - began:6.1f} s  from the clone to a server", flush=True)
            for future in installing:
                future.result()
            for name, (step, *needs) in STEPS.items():
                steps.run(name, partial(step, newcomer, port), *needs)
        print(f"{time.monotonic() - began:6.1f} s  in all", flush=True)
    for name, text in steps.failures.items():
        print(f"\n{name} failed:\n{text}", file=sys.stderr)
    return 1 if steps.failures else 0


if __name__ == "__main__":
    sys.exit(main())
