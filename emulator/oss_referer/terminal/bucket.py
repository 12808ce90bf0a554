"""The addresses `oss://BUCKET`: flags for the service, and access to rules and logs of a bucket."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from oss_referer.engine import RefererConfiguration
from oss_referer.sources.account import (
    BUCKET_NAME_RULE,
    DEFAULT_ACCESS_KEY_ID,
    DEFAULT_ACCESS_KEY_SECRET,
    GivenKey,
    is_bucket_name,
)
from oss_referer.terminal import language
from oss_referer.terminal.parser import InputError

if TYPE_CHECKING:
    from oss_referer.sources.bucket import RemoteBucket

SCHEME = "oss://"
DEFAULT_ENDPOINT = "http://127.0.0.1:9000"
DEFAULT_REGION = "cn-hangzhou"


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the flags for the address and the region of the service."""
    group = parser.add_argument_group(
        "for oss://BUCKET",
        language.explain(
            "OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET give the key, and OSS_SESSION_TOKEN the "
            "token of a temporary key. The default is the key of the emulator."
        ),
    )
    address = f"the address of the service (default: OSS_ENDPOINT or {DEFAULT_ENDPOINT})"
    group.add_argument(
        "--endpoint",
        default=os.environ.get("OSS_ENDPOINT", DEFAULT_ENDPOINT),
        metavar="URL",
        help=language.explain(address),
    )
    region = f"the region of the bucket (default: OSS_REGION or {DEFAULT_REGION})"
    group.add_argument(
        "--region",
        default=os.environ.get("OSS_REGION", DEFAULT_REGION),
        help=language.explain(region),
    )


def access_key() -> GivenKey:
    """Return the access key of the environment, or the key of the emulator."""
    return GivenKey(
        os.environ.get("OSS_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY_ID),
        os.environ.get("OSS_ACCESS_KEY_SECRET", DEFAULT_ACCESS_KEY_SECRET),
        os.environ.get("OSS_SESSION_TOKEN"),
    )


def get(address: str, arguments: argparse.Namespace) -> RefererConfiguration:
    """Read the rules of `oss://BUCKET`. Raises InputError."""
    with _connected(address, arguments) as bucket:
        return bucket.get_rules()


def put(address: str, configuration: RefererConfiguration, arguments: argparse.Namespace) -> None:
    """Set the rules of `oss://BUCKET`. Raises InputError."""
    with _connected(address, arguments) as bucket:
        bucket.put_rules(configuration)


def download(address: str, folder: Path, arguments: argparse.Namespace) -> None:
    """Download the logs of `oss://BUCKET/PREFIX` to files of a folder. Raises InputError."""
    from oss_referer.traffic import log_files  # only here: few commands read logs

    name, _, prefix = address.removeprefix(SCHEME).partition("/")
    with _connected(f"{SCHEME}{name}", arguments) as bucket:
        for number, key in enumerate(bucket.list_keys(prefix)):
            log_files.store(bucket.read(key), folder / f"{number:08}")


@contextmanager
def _connected(address: str, arguments: argparse.Namespace) -> "Iterator[RemoteBucket]":
    """Yield a bucket; convert any failure of its requests to InputError with the address."""
    from oss_referer.sources.bucket import BucketError, RemoteBucket  # only here: it needs http

    name = address.removeprefix(SCHEME).removesuffix("/")
    if not is_bucket_name(name):
        raise InputError(
            f"{name!r} is not the name of a bucket, which has {BUCKET_NAME_RULE}; "
            "write oss://BUCKET"
        )
    try:
        yield RemoteBucket(name, arguments.endpoint, arguments.region, access_key())
    except BucketError as error:
        raise InputError(f"{address}: {error}") from None
    except OSError as error:  # the disk is full
        raise InputError(f"{address}: the logs cannot be stored: {error.strerror}") from None
