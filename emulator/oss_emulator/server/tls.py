"""The certificates for https: the user's, or those that a local CA issues on demand."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from oss_referer.files import replacing
from oss_referer.sources.toml import read_file, read_regular_file

from oss_emulator.server.listening import ALL_ADDRESSES
from oss_emulator.settings import Settings

if TYPE_CHECKING:
    from trustme import CA

CA_FILE, KEY_FILE = "ca.pem", "ca-key.pem"
"""Files of the CA: the certificate that clients trust; its key and certificate, to stay secret."""

LIFE = timedelta(days=397)
"""The validity of a certificate; some clients refuse a longer one."""

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"

ALWAYS = ("localhost", "127.0.0.1", "::1")


class CertificateError(Exception):
    """A certificate cannot be read, written or issued; the text says why in one sentence."""


class Certificates:
    """The certificates of one server, as contexts for TLS connections."""

    def __init__(self, default: ssl.SSLContext, authority: CA | None, names: Iterable[str]) -> None:
        """`default` has a certificate for `names`; the CA issues one for any other name."""
        self.default = default
        self._authority = authority
        self._names = frozenset(names)
        self._made = lru_cache(256)(self._make)
        if authority is not None:
            default.sni_callback = self._choose

    @property
    def ca(self) -> bytes | None:
        """The certificate of the local CA in PEM; None without a CA."""
        return None if self._authority is None else self._authority.cert_pem.bytes()

    def context(self, host: str) -> ssl.SSLContext:
        """Return the context for a client that expects to reach `host`."""
        name = host.lower().rstrip(".")
        if self._authority is None or self._covers(name):
            return self.default
        try:
            return self._made(name)
        except ValueError:  # a certificate cannot have this name
            return self.default

    def _covers(self, name: str) -> bool:
        # OpenSSL does not match a wildcard below a name of one part, such as *.localhost.
        domain = name.partition(".")[2]
        return name in self._names or ("." in domain and f"*.{domain}" in self._names)

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name is not None:
            connection.context = self.context(name)

    def _make(self, name: str) -> ssl.SSLContext:
        assert self._authority is not None  # noqa: S101
        return _issue(self._authority, [name])


def load(settings: Settings, domains: Iterable[str]) -> Certificates | None:
    """Load the certificates for the base domains of a server; None if the settings need none.

    Writes the CA's certificate to `ca_file` if that is set. Raises `CertificateError`.
    """
    if not settings.certified:
        return None
    if settings.tls_cert is not None:
        return Certificates(_own(settings.tls_cert, settings.tls_key), None, ())
    names = [*ALWAYS, *domains, *(f"*.{domain}" for domain in domains)]
    if settings.host not in (*ALWAYS, *ALL_ADDRESSES):
        names.append(settings.host)
    authority = _authority(settings.tls_dir)
    try:
        certificates = Certificates(_issue(authority, names), authority, names)
    except ValueError as error:
        raise CertificateError(f"no certificate can be issued: {error}") from None
    if settings.ca_file is not None:
        _keep(settings.ca_file, authority.cert_pem.bytes())
    return certificates


def _own(certificate: Path, key: Path | None) -> ssl.SSLContext:
    context = _context()
    for path in filter(None, (certificate, key)):
        try:
            read_regular_file(path)  # only a check: OpenSSL reads the file itself
        except OSError as error:
            raise CertificateError(f"{path} cannot be read: {error.strerror}") from None
    try:
        # An encrypted key would make OpenSSL ask for its password on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        raise CertificateError(
            f"{certificate} cannot be loaded with its key; give both in PEM: {reason}"
        ) from None
    return context


def _authority(folder: Path | None) -> CA:
    """Load the CA of a folder, created on first use; without a folder, create a new CA."""
    try:
        from trustme import CA
    except ImportError:
        raise CertificateError(
            "TLS needs the package trustme, which is not installed; run pip install trustme"
        ) from None
    if folder is None:
        return _new(CA)
    key_file = folder / KEY_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not key_file.exists():
            new = _new(CA)
            _keep_first(key_file, new.private_key_pem.bytes() + new.cert_pem.bytes())
        key, begins, rest = read_file(key_file).partition(_CERTIFICATE)
        authority = CA.from_pem(begins + rest, key)
    except OSError as error:
        raise CertificateError(
            f"the CA in {folder} can be neither read nor created: {error.strerror}"
        ) from None
    except (ValueError, TypeError):
        raise CertificateError(
            f"{key_file} must contain the key and the certificate of a CA in PEM; "
            "delete it to create a new CA"
        ) from None
    _keep(folder / CA_FILE, authority.cert_pem.bytes())
    return authority


def _new(make: Callable[..., CA]) -> CA:
    return make(organization_name="oss-emulator", organization_unit_name="local CA")


def _keep_first(path: Path, content: bytes) -> None:
    """Write a secret file in one step, unless another process has already written it."""
    with NamedTemporaryFile(dir=path.parent) as part:  # only its owner may read it
        part.write(content)
        part.flush()
        with contextlib.suppress(FileExistsError):
            os.link(part.name, path)


def _keep(path: Path, content: bytes) -> None:
    """Write a file that everybody may read; raises `CertificateError`."""
    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise CertificateError(f"{path} cannot be written: {error.strerror}") from None


def _issue(authority: CA, names: Iterable[str]) -> ssl.SSLContext:
    """Make a context with a new certificate for these names; raises `ValueError` for a bad name."""
    now = datetime.now(UTC)
    begins = now - timedelta(days=1)  # for clients whose clock is slow
    certificate = authority.issue_cert(
        *names, organization_name="oss-emulator", not_before=begins, not_after=begins + LIFE
    )
    context = _context()
    certificate.configure_cert(context)
    return context


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    return context
