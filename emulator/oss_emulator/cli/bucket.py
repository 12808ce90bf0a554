"""The rules of a bucket of a service, read and put with oss2 (the extra `lab`)."""

import argparse
import importlib
import logging
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from oss_emulator import extras, referer_xml
from oss_emulator.cli import language
from oss_emulator.cli.parser import InputError
from oss_emulator.protocol.address import BUCKET_NAME_RULE, is_bucket_name
from oss_emulator.referer import RefererConfiguration
from oss_emulator.referer_xml import RefererFormatError
from oss_emulator.settings import DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET
from oss_emulator.toml import MAX_FILE

SCHEME = "oss://"
DEFAULT_ENDPOINT = "http://127.0.0.1:9000"
DEFAULT_REGION = "cn-hangzhou"
_TIMEOUT = 10  # seconds


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say where buckets are."""
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


class GivenKey(NamedTuple):
    """The access key of the environment."""

    id: str
    secret: str
    token: str | None


def access_key() -> GivenKey:
    """Return the access key of the environment, or the key of the emulator."""
    return GivenKey(
        os.environ.get("OSS_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY_ID),
        os.environ.get("OSS_ACCESS_KEY_SECRET", DEFAULT_ACCESS_KEY_SECRET),
        os.environ.get("OSS_SESSION_TOKEN"),
    )


def get(address: str, arguments: argparse.Namespace) -> RefererConfiguration:
    """Read the rules of `oss://BUCKET`. Raises InputError."""
    document = _ask(address, arguments, lambda bucket: bucket.get_bucket_referer())
    try:
        return referer_xml.parse(document, referer_xml.STORED)
    except RefererFormatError as error:
        raise InputError(f"{address}: {error}") from None


def put(address: str, configuration: RefererConfiguration, arguments: argparse.Namespace) -> None:
    """Put rules to `oss://BUCKET`. Raises InputError."""
    document = referer_xml.format(configuration)
    _ask(address, arguments, lambda bucket: bucket.put_bucket_referer(document))


def download(address: str, folder: Path, arguments: argparse.Namespace) -> None:
    """Download the objects of `oss://BUCKET/PREFIX` to files of a folder. Raises InputError."""
    name, _, prefix = address.removeprefix(SCHEME).partition("/")

    def fetch(bucket: Any) -> None:
        oss2 = _load_oss2()
        for number, item in enumerate(oss2.ObjectIteratorV2(bucket, prefix=prefix)):
            suffix = ".gz" if item.key.endswith(".gz") else ".log"
            bucket.get_object_to_file(item.key, str(folder / f"{number:08}{suffix}"))

    _ask(f"{SCHEME}{name}", arguments, fetch)


def _ask(address: str, arguments: argparse.Namespace, request: Callable[[Any], Any]) -> bytes:
    """Send a request to a bucket and return the body. Raises InputError for any failure."""
    oss2 = _load_oss2()
    # Otherwise oss2 also writes its errors to standard error.
    logging.getLogger("oss2").addHandler(logging.NullHandler())
    name = address.removeprefix(SCHEME).removesuffix("/")
    if not is_bucket_name(name):
        raise InputError(
            f"{name!r} is not the name of a bucket, which has {BUCKET_NAME_RULE}; "
            "write oss://BUCKET"
        )
    try:
        bucket = _bucket(oss2, name, arguments)
        request(bucket)
    except oss2.exceptions.RequestError as error:
        said = str(error.exception)
        found = re.search(r"\[Errno -?\d+\] ([^'\")]+)|(timed out)", said)
        reason = (found[1] or found[2]) if found else said.partition("(Caused by ")[2] or said
        advice = "start it, or name another service with --endpoint"
        raise InputError(
            f"{address}: {arguments.endpoint} does not answer: {reason}; {advice}"
        ) from None
    except oss2.exceptions.ClientError as error:  # raised before anything is sent
        sentence = str(error.body).removeprefix("ClientError: ")
        raise InputError(f"{address}: {sentence}") from None
    except oss2.exceptions.OssError as error:
        what = " ".join(filter(None, (f"{error.code}:" if error.code else "", error.message)))
        sentence = f"{address}: {arguments.endpoint} answers {error.status} {what}"
        raise InputError(sentence.rstrip(": ")) from None
    except OSError as error:  # also those of requests: the service broke off, or the disk is full
        said = error.strerror or str(error).partition("(")[0].strip("( ") or "it broke off"
        raise InputError(f"{address}: {arguments.endpoint} cannot be read: {said}") from None
    except ValueError as error:
        raise InputError(f"{address}: {error}") from None
    except (SyntaxError, RuntimeError, AttributeError, TypeError):  # of the parsers in oss2
        said = "answers with something else than the XML of the service"
        raise InputError(f"{address}: {arguments.endpoint} {said}") from None
    body: bytes = getattr(bucket.session, "body", b"")
    return body


def _bucket(oss2: Any, name: str, arguments: argparse.Namespace) -> Any:
    from oss_emulator.cli.client import is_loopback  # only here: it needs the modules of http

    class KeepingSession(oss2.Session):  # type: ignore[misc]
        """A session that keeps the last document: oss2 2.19 drops TruncatePath from rules.

        oss2 itself would read a document of any size. The objects of a bucket go to files.
        """

        def do_request(self, req: Any, timeout: Any) -> Any:
            answer = super().do_request(req, timeout)
            if "list-type" in req.params or "referer" in req.params:
                self.body = b"".join(_bounded(answer))
                answer.read = BytesIO(self.body).read
            return answer

    key = access_key()
    provider = oss2.credentials.StaticCredentialsProvider(key.id, key.secret, key.token)
    return oss2.Bucket(
        oss2.ProviderAuthV4(provider),
        arguments.endpoint,
        name,
        region=arguments.region,
        session=KeepingSession(),
        connect_timeout=_TIMEOUT,
        # A proxy that the environment names does not reach this machine.
        proxies={"no_proxy": "*"} if is_loopback(arguments.endpoint) else None,
    )


def _bounded(answer: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces of an answer; raises ValueError for one that is too large to be used."""
    size = 0
    for piece in answer:
        size += len(piece)
        if size > MAX_FILE:
            raise ValueError(f"the service answers with more than {MAX_FILE:,} bytes")
        yield piece


def _load_oss2() -> Any:
    try:
        with warnings.catch_warnings():
            # Python warns of escapes in oss2 when it compiles oss2, which is each time if it cannot
            # write its cache.
            warnings.simplefilter("ignore", SyntaxWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            importlib.import_module("oss2.credentials")
            return importlib.import_module("oss2")
    except ImportError:
        raise InputError(
            f"oss:// needs the package oss2, which is not installed; run {extras.command('lab')}"
        ) from None
