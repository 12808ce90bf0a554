"""nginx as a peer: the installed one, or Debian's package unpacked into the scratch folder."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks import processes
from benchmarks.processes import MissingError, Running

_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    {before}
    {paths}
    server {{
        listen 127.0.0.1:{port};
        root {root};
        {location}
    }}
}}
"""

_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def find(scratch: Path) -> str:
    """Find the path of nginx; raises `MissingError`."""
    installed = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if installed:
        return installed
    folder = scratch / "nginx-package"
    folder.mkdir(exist_ok=True)
    binary = folder / "root/usr/sbin/nginx"
    if not binary.exists():
        for command in (["apt-get", "download", "nginx"], ["sh", "-c", "dpkg -x nginx_*.deb root"]):
            done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
            if done.returncode:
                raise MissingError(f"nginx: {' '.join(command)} failed")
    return str(binary)


@contextlib.contextmanager
def serve(scratch: Path, root: Path, location: str = "", before: str = "") -> Iterator[Running]:
    """Serve a folder; `location` goes into the server block, `before` into the http block."""
    binary = find(scratch)
    with processes.reserve_port() as port:
        command = _configure(binary, port, scratch / f"nginx-{port}", root, location, before)
        with processes.start(command, port) as running:
            yield running


def _configure(
    binary: str, port: int, folder: Path, root: Path, location: str, before: str
) -> list[str]:
    """Write the configuration into a new folder; return the command that serves it."""
    folder.mkdir()
    paths = [f"{name}_temp_path {folder}/{name};" for name in _TEMPORARY]
    text = _CONFIGURATION.format(
        folder=folder,
        port=port,
        root=root,
        paths=" ".join(paths),
        before=before,
        location=location,
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(f"user root;\n{text}")
    return [binary, "-c", str(configuration), "-p", str(folder), "-e", f"{folder}/error.log"]
