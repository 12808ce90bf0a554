"""The emulator in a container, with testcontainers for Python. It needs Docker and the image."""

from collections.abc import Iterator

import oss2
import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Return the endpoint of an emulator."""
    container = DockerContainer("oss-emulator:latest").with_exposed_ports(9000)
    with container.waiting_for(HttpWaitStrategy(9000, "/_emulator/health")) as running:
        yield f"http://{running.get_container_host_ip()}:{running.get_exposed_port(9000)}"


def test_object_is_stored(endpoint: str) -> None:
    auth = oss2.AuthV4("oss-emulator", "oss-emulator-secret")
    bucket = oss2.Bucket(auth, endpoint, "examplebucket", region="cn-hangzhou")
    bucket.put_object("a.txt", b"content")
    assert bucket.get_object("a.txt").read() == b"content"
