"""The image, built on a base of Debian packages, and an engine that runs it: `make containers`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.containers.engine import IMAGE, NGINX, NGINX_DOCKERFILE, Engine
from tests.requirements import required

PROGRAMS = ("buildah", "mmdebstrap", "podman", "runc")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine with the image of the emulator."""
    if "containers" not in required():
        pytest.skip("these tests build images for a minute: `make containers` runs them")
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        pytest.fail(f"{', '.join(missing)} must be installed to build and run images")
    engine = Engine(tmp_path_factory.mktemp("engine"))
    engine.configure()
    engine.build_base()
    engine.build("--tag", IMAGE, ".")
    yield engine
    engine.podman("system", "reset", "--force")


@pytest.fixture(scope="session")
def nginx(engine: Engine) -> str:
    """The image of nginx that a compose file names."""
    engine.build("--tag", NGINX, "--file", "-", given=NGINX_DOCKERFILE)
    return NGINX
