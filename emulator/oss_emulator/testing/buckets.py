"""Makes oss2 clients for the buckets of an emulator, which sign with its key."""

from typing import TYPE_CHECKING

from oss_referer import extras
from oss_referer.sources.account import BUCKET_NAME_RULE, is_bucket_name
from oss_referer.sources.markup import XmlDocument

if TYPE_CHECKING:
    import oss2

    from oss_emulator.testing.emulator import Emulator
    from oss_emulator.testing.remote import RemoteEmulator


def check_name(name: str) -> None:
    """Raise ValueError for an invalid name of a bucket."""
    if not is_bucket_name(name):
        raise ValueError(f"{name!r} is not the name of a bucket, which has {BUCKET_NAME_RULE}")


def refusal(target: str, document: bytes) -> ValueError:
    """Return the exception for a refused PUT, with its error document in one line."""
    root = XmlDocument.parse(document).root
    found = (root.find(name) for name in ("Code", "Message", "ErrorDetail"))
    code, message, detail = (element.text if element else "" for element in found)
    return ValueError(f"PUT {target}: {code}: {message} {detail}".strip())


def connect(emulator: "Emulator | RemoteEmulator", name: str) -> "oss2.Bucket":
    """Return the client of a bucket, which need not exist; raises ModuleNotFoundError."""
    try:
        import oss2
    except ImportError:
        raise ModuleNotFoundError(
            "A bucket of the emulator is an oss2.Bucket, and the package oss2 is not "
            f"installed; run {extras.command('testing')}"
        ) from None
    from oss2.credentials import StaticCredentialsProvider

    provider = StaticCredentialsProvider(emulator.access_key_id, emulator.access_key_secret)
    auth = oss2.ProviderAuthV4(provider)
    session = oss2.Session()
    # Ignore the environment: a proxy may not reach this machine, and REQUESTS_CA_BUNDLE would
    # override `verify`.
    session.session.trust_env = False
    if emulator.ca_file is not None:
        session.session.verify = str(emulator.ca_file)
    return oss2.Bucket(auth, emulator.endpoint, name, region=emulator.region, session=session)
