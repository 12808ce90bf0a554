"""pytest-servers with the emulator as its S3 server, instead of moto."""

from collections.abc import Iterator

import pytest
from oss_emulator import Emulator


@pytest.fixture(scope="session")
def s3_server() -> Iterator[dict[str, str]]:
    """Return the arguments of boto clients, which `tmp_s3_path` and `tmp_upath_factory` use."""
    with Emulator() as emulator:
        yield {
            "endpoint_url": emulator.endpoint,
            "aws_access_key_id": emulator.access_key_id,
            "aws_secret_access_key": emulator.access_key_secret,
            "region_name": "cn-hangzhou",
        }
