"""A container engine for the tests: buildah and podman with their own images and containers."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cli.process import wait_for

ROOT = Path(__file__).parents[2]
BASE = "localhost/debian-python"
"""The base image: Debian with its Python, made from packages."""
IMAGE = "localhost/oss-emulator"
NGINX = "docker.io/library/nginx:stable"
PACKAGES = "ca-certificates,python3,python3-venv,python-is-python3"
PATIENCE = 300
"""Seconds for one command: pip and apt download packages."""

NGINX_DOCKERFILE = f"""\
FROM {BASE}
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends nginx-light && \
    rm /etc/nginx/sites-enabled/default && mkdir /var/cache/nginx
CMD ["nginx", "-g", "daemon off;"]
"""
"""The nginx of Debian, which reads `/etc/nginx/conf.d` like the image `nginx`."""


@dataclass(frozen=True)
class Engine:
    """Images and containers below one folder."""

    folder: Path

    @property
    def variables(self) -> Mapping[str, str]:
        """The variables with the settings of podman."""
        return {
            **os.environ,
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
            "HOME": str(self.folder),
        }

    @property
    def place(self) -> tuple[str, ...]:
        """The flags for where images and containers are."""
        return ("--root", str(self.folder / "images"), "--runroot", str(self.folder / "run"))

    def configure(self) -> None:
        """Write settings that keep the limits and the control groups of the machine.

        Machines that run the tests may not raise their own limits, as engines do by default.
        """
        limits = ", ".join(
            f'"{name}={soft}:{hard}"'
            for name, (soft, hard) in {
                "nofile": resource.getrlimit(resource.RLIMIT_NOFILE),
                "nproc": resource.getrlimit(resource.RLIMIT_NPROC),
            }.items()
        )
        (self.folder / "containers.conf").write_text(
            f"[containers]\ndefault_ulimits = [{limits}]\n"
            '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\nruntime = "runc"\n'
        )
        # The engine that podman-compose calls.
        script = self.folder / "podman"
        script.write_text(f'#!/bin/sh\nexec podman {" ".join(self.place)} "$@"\n')
        script.chmod(0o755)

    def run(self, *command: str | Path, given: str | None = None, folder: Path = ROOT) -> str:
        """Run a command that must succeed; returns what it printed."""
        done = subprocess.run(
            command,
            cwd=folder,
            env=self.variables,
            input=given,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        return done.stdout

    def podman(self, *arguments: str | Path) -> str:
        """Run podman."""
        return self.run("podman", *self.place, *arguments).strip()

    def build_base(self) -> None:
        """Make the base of Debian packages."""
        archive = self.folder / "base.tar"
        self.run("mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", "trixie", archive)
        self.podman("import", "--quiet", archive, BASE)
        archive.unlink()

    def build(self, *arguments: str | Path, given: str | None = None) -> None:
        """Build an image on the base, without root rights in a new name space."""
        limits = [
            f"--ulimit={name}={':'.join(map(str, resource.getrlimit(kind)))}"
            for name, kind in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC))
        ]
        # pip and apt in the build trust the authorities that this machine trusts.
        machine = [
            f"--volume={path}:{path}:ro"
            for path in ("/etc/ssl/certs", "/etc/pip.conf", "/opt/wheels")
            if Path(path).exists()
        ]
        self.run(
            *("buildah", *self.place, "build", "--isolation=chroot", "--format=docker"),
            *("--pull=never", f"--build-arg=BASE={BASE}", *limits, *machine, *arguments),
            given=given,
        )

    def published(self, container: str) -> str:
        """Return the URL at which the port 9000 or 8080 of a container is published."""
        return f"http://{self.podman('port', container).split(' -> ')[1].splitlines()[0]}"

    def becomes_healthy(self, container: str) -> None:
        """Run the health check of the image until it succeeds.

        podman leaves that to systemd, which does not run in a container.
        """

        def healthy() -> bool:
            command = ("podman", *self.place, "healthcheck", "run", container)
            done = subprocess.run(command, env=self.variables, capture_output=True, timeout=60)
            return done.returncode == 0

        wait_for(healthy)
