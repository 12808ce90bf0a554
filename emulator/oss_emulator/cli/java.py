"""What Java needs to use a proxy and to trust a CA: system properties, and a store of its own.

Java reads neither the variables of a proxy nor certificates in PEM. JAVA_TOOL_OPTIONS gives
properties to every Java that a command starts, which says so on its standard error.
"""

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

OPTIONS = "JAVA_TOOL_OPTIONS"

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\r?\n?")


def options(proxy: str, store: Path | None, no_proxy: Iterable[str]) -> str:
    """Return the value of JAVA_TOOL_OPTIONS: the later of two equal properties counts."""
    url = urlsplit(proxy)
    properties = {
        f"{scheme}.proxy{part}": str(value)
        for scheme in ("http", "https")
        for part, value in (("Host", url.hostname), ("Port", url.port))
    }
    properties["http.nonProxyHosts"] = "|".join(_patterns(no_proxy))
    if store is not None:
        properties["javax.net.ssl.trustStore"] = str(store)
        properties["javax.net.ssl.trustStoreType"] = "PKCS12"
    return " ".join(_quote(f"-D{name}={value}") for name, value in properties.items())


def write_store(bundle: bytes, path: Path) -> Path | None:
    """Write the certificates of a bundle as a PKCS#12 store without a password.

    Java takes a certificate for trusted only if the store marks it so, which cryptography does
    since 45: None with an older one.
    """
    if not hasattr(pkcs12, "serialize_java_truststore"):
        return None
    trusted = [
        pkcs12.PKCS12Certificate(certificate, str(number).encode())  # names must differ
        for number, certificate in enumerate(_certificates(bundle))
    ]
    path.write_bytes(pkcs12.serialize_java_truststore(trusted, NoEncryption()))
    return path


def _certificates(bundle: bytes) -> Iterator[x509.Certificate]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a public root with an odd serial number
        for found in _PEM.finditer(bundle):
            with suppress(ValueError):  # not a certificate; OpenSSL skips it as well
                yield x509.load_pem_x509_certificate(found[0])


def _patterns(hosts: Iterable[str]) -> Iterator[str]:
    """Yield the entries of NO_PROXY as patterns: a name covers the names below it."""
    for host in hosts:
        name = host.partition(":")[0].lstrip("*").strip(".") if host.count(":") < 2 else f"[{host}]"
        if name and "/" not in name:  # Java knows no networks
            yield from (name,) if re.fullmatch(r"[\d.]+|\[.*\]", name) else (name, f"*.{name}")


def _quote(option: str) -> str:
    return f'"{option}"' if re.search(r"\s", option) else option
