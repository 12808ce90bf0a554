"""A server for clients of S3, and their settings for it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import oss2
import pytest
from oss_emulator import Emulator

from tests.docs.markdown import settings

NUMBERS = count()
PAGE = "docs/s3.md"
"""The page with the settings of the clients: tests take them from there."""


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    """The server of a module, with http and https."""
    with Emulator(tls_port=0) as running:
        yield running


@pytest.fixture
def bucket(server: Emulator) -> str:
    """The name of a new bucket."""
    name = f"bucket-{next(NUMBERS)}"
    server.bucket(name)
    return name


@pytest.fixture
def over_oss(server: Emulator, bucket: str) -> Iterator[oss2.Bucket]:
    """The same bucket for oss2."""
    found = server.bucket(bucket)
    yield found
    found.session.session.close()


@pytest.fixture(scope="module")
def rust_options(server: Emulator) -> dict[str, str]:
    """The options of clients that are built on object_store, such as Polars and delta-rs."""
    values = {
        "aws_access_key_id": server.access_key_id,
        "aws_secret_access_key": server.access_key_secret,
        "aws_endpoint_url": server.endpoint,
        "aws_region": "us-east-1",
        "aws_allow_http": "true",
    }
    _, *names = settings(PAGE, "Polars", server.port)
    return {name: values[name] for name in names}


@pytest.fixture(autouse=True, scope="module")
def no_settings_of_aws() -> Iterator[None]:
    """Keep the settings of this machine from the clients."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_CA_BUNDLE", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_CONFIG_FILE", "/dev/null")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


def code_of(error: Any) -> str:
    """Return the code of an error of botocore."""
    return str(error.value.response["Error"]["Code"])
