"""Makes Python's clients use the emulator, and certifi trust its CA.

Python runs this module before a program.

`oss-emulator run` puts this folder first on PYTHONPATH. The program's own sitecustomize also runs.
This module uses only the standard library, because the emulator may not be installed.
"""

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, wraps
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent
ENDPOINTS = [os.environ.get(f"OSS_EMULATOR_{name}ENDPOINT", "") for name in ("", "HTTPS_")]
"""Read at once, because a program may clear its variables later."""


class Finder:
    """Changes the modules of `CHANGES` when a program imports them."""

    @classmethod
    def find_spec(
        cls, name: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        change = CHANGES.get(name)
        if change is None:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_change(module: ModuleType) -> None:
                load(module)
                change(module)

            setattr(spec.loader, "exec_module", load_and_change)  # noqa: B010
        return spec


@cache
def find_targets() -> Mapping[str, Any]:
    """Return the emulator's URLs by port; empty in a program that was started without them."""
    if not all(ENDPOINTS):
        return {}

    from urllib.parse import urlsplit  # imported here, because not every program needs it

    plain, tls = map(urlsplit, ENDPOINTS)
    return {"80": plain, "http": plain, "443": tls, "https": tls}


def redirect(host: Any, port: Any, family: int = 0) -> tuple[Any, Any]:
    """Return the emulator's address for a host of Alibaba Cloud, as preload.cjs does in Node.js."""
    coded = isinstance(host, (bytes, bytearray))
    name = host.decode("ascii", "replace") if coded else str(host or "")
    with suppress(UnicodeError):  # an empty label, or one that is too long
        name = name.encode("idna").decode("ascii")
    labels = name.lower().strip().rstrip(".").split(".")
    if labels[-2:] == ["aliyuncs", "com"] and find_targets():
        target = find_targets().get(str(port))
        if target is not None:
            from socket import AF_INET6

            host, port = target.hostname, target.port
            if family == AF_INET6 and host.replace(".", "").isdigit():
                host = f"::ffff:{host}"  # a socket for IPv6 takes no other address of IPv4
        elif "oss" in "-".join(labels).split("-"):  # others may be databases
            asked = f"{host} without a port" if port is None else f"{host}:{port}"
            raise OSError(f"oss-emulator run redirects ports 80 and 443 of OSS, not {asked}")
    return host, port


def redirect_address(family: int, address: Any) -> Any:
    if isinstance(address, tuple) and len(address) > 1:
        return (*redirect(address[0], address[1], family), *address[2:])
    return address


def redirect_sockets(module: Any) -> None:
    """Make clients without a proxy connect to the emulator."""

    def look_up_there(
        look_up: Any, host: Any, port: Any, family: int = 0, *others: Any, **options: Any
    ) -> Any:
        return look_up(*redirect(host, port, family), family, *others, **options)

    def look_up_other(look_up: Any, host: Any) -> Any:
        return look_up(redirect(host, None)[0])

    def connect_there(connect: Any, socket: Any, address: Any) -> Any:
        return connect(socket, redirect_address(socket.family, address))

    def send_there(send: Any, socket: Any, *given: Any) -> Any:
        """Connect and send at once, by MSG_FASTOPEN; the last argument is the address."""
        *others, address = given
        return send(socket, *others, redirect_address(socket.family, address))

    wrap(module, "getaddrinfo", look_up_there)
    for name in ("gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
        wrap(module, name, look_up_other)
    for name in ("connect", "connect_ex"):
        wrap(module.socket, name, connect_there)
    for name in {"sendto", "sendmsg"} & set(dir(module.socket)):  # Windows has no sendmsg
        wrap(module.socket, name, send_there)


def redirect_uvloop(module: Any) -> None:
    """The same for a loop that looks up names without Python."""

    def look_up_there(look_up: Any, loop: Any, host: Any, port: Any, **options: Any) -> Any:
        return look_up(loop, *redirect(host, port, options.get("family", 0)), **options)

    def connect_there(
        connect: Any, loop: Any, factory: Any, host: Any = None, port: Any = None, **options: Any
    ) -> Any:
        if options.get("ssl") and options.get("server_hostname") is None and host:
            options["server_hostname"] = host  # the name in the certificate
        there = redirect(host, port, options.get("family", 0))
        return connect(loop, factory, *there, **options)

    def connect_socket_there(connect: Any, loop: Any, socket: Any, address: Any) -> Any:
        return connect(loop, socket, redirect_address(socket.family, address))

    wrap(module.Loop, "getaddrinfo", look_up_there)
    wrap(module.Loop, "create_connection", connect_there)
    wrap(module.Loop, "sock_connect", connect_socket_there)


def redirect_anyio(module: Any) -> None:
    """The same for connections that keep the port when they have looked up the host."""

    def connect_there(connect: Any, remote_host: Any, remote_port: Any, **options: Any) -> Any:
        if options.get("tls") or options.get("ssl_context"):
            options.setdefault("tls_hostname", str(remote_host))
        return connect(*redirect(remote_host, remote_port), **options)

    wrap(module, "connect_tcp", connect_there)


def wrap(owner: Any, name: str, call: Callable[..., Any]) -> None:
    """Replace a function of a module or class by `call`, whose first argument is the original."""
    wrapped = getattr(owner, name)

    @wraps(wrapped)
    def called(*arguments: Any, **options: Any) -> Any:
        return call(wrapped, *arguments, **options)

    called.__module__ = getattr(owner, "__module__", owner.__name__)  # pickle would use _socket
    setattr(owner, name, called)


def trust_environment(module: Any) -> None:
    """Make sessions of aiohttp use the proxy variables unless their caller says otherwise."""

    def init_with_environment(init: Any, *arguments: Any, **options: Any) -> None:
        init(*arguments, **{"trust_env": True, **options})

    wrap(module.ClientSession, "__init__", init_with_environment)


def trust_bundle(module: Any) -> None:
    """Make certifi return the bundle with the CA of the emulator."""
    bundle = os.environ.get("OSS_EMULATOR_CA_BUNDLE", "")
    if Path(bundle).is_file():
        module.where = lambda: bundle
        module.contents = lambda: Path(bundle).read_text(encoding="ascii")


CHANGES: Mapping[str, Callable[[Any], None]] = {
    "aiohttp.client": trust_environment,
    "anyio": redirect_anyio,
    "certifi": trust_bundle,
    "certifi.core": trust_bundle,
    "socket": redirect_sockets,
    "uvloop": redirect_uvloop,
}

sys.meta_path.insert(0, Finder)
for imported in CHANGES.keys() & sys.modules.keys():  # by a .pth file, such as coverage's
    CHANGES[imported](sys.modules[imported])

elsewhere = [path for path in sys.path if Path(path or ".").resolve() != HERE.resolve()]
spec = PathFinder.find_spec("sitecustomize", elsewhere)
if spec is not None and spec.loader is not None:
    spec.loader.exec_module(module_from_spec(spec))
