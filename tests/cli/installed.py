"""The program `oss-emulator` for the shells of tests, which starts quickly.

Python and its imports take most of the time of a command. This one passes its arguments, folder,
variables and files to a process that has loaded the emulator, and a fork of that runs it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]

LOADED = ("commands.check", "commands.lint", "commands.scenarios", "commands.test")
"""Modules that most commands need."""

_PROGRAM = """\
#!{python} -ISE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as control:
    control.connect({address!r})
    asked = {{"arguments": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()}}
    socket.send_fds(control, [json.dumps(asked).encode()], [0, 1, 2])
    control.shutdown(socket.SHUT_WR)
    sys.exit(int(control.recv(9)))
"""


@contextmanager
def installed(folder: Path) -> Iterator[Path]:
    """Install the program in a new folder, and return that for `PATH`."""
    place, address = folder / "bin", folder / "commands"
    place.mkdir()
    program = place / "oss-emulator"
    program.write_text(_PROGRAM.format(python=sys.executable, address=str(address)))
    program.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen()
        command = [sys.executable, "-m", "tests.cli.installed", str(listening.fileno())]
        process = subprocess.Popen(command, cwd=ROOT, pass_fds=[listening.fileno()])
    try:
        yield place
    finally:
        process.terminate()
        process.wait()


# --- in the process that forks


def _serve(listening: socket.socket) -> None:
    """Run each command in a fork, which tells its exit status when it ends."""
    signal.signal(signal.SIGCHLD, _reap)
    while True:
        control, _ = listening.accept()
        with control:
            if os.fork() == 0:
                listening.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _answer(control)


def _reap(*_: object) -> None:
    """Wait for commands that have ended, so that their processor time is counted."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _answer(control: socket.socket) -> None:
    status = 70
    try:
        message, descriptors, *_ = socket.recv_fds(control, 1 << 16, 3)
        while rest := control.recv(1 << 16):
            message += rest
        asked = json.loads(message)
        for place, descriptor in enumerate(descriptors):
            os.dup2(descriptor, place)
            os.close(descriptor)
        os.chdir(asked["cwd"])
        os.environ.clear()
        os.environ.update(asked["env"])
        status = _run(asked["arguments"])
    finally:
        control.send(str(status).encode())
        os._exit(status)


def _run(arguments: list[str]) -> int:
    from oss_emulator.cli import main

    try:
        return main(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    for name in LOADED:
        import_module(f"oss_referer.{name}")
    with socket.socket(fileno=int(sys.argv[1])) as inherited:
        _serve(inherited)
