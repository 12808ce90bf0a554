"""Makes Python's clients use the emulator, and certifi trust its CA.

Python runs this module before a program.

`oss-emulator run` puts this folder first on PYTHONPATH. The program's own sitecustomize also runs.
This module uses only the standard library, because the emulator may not be installed.
"""

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent


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


def redirect_look_ups(module: Any) -> None:
    """Make clients without a proxy connect to the emulator, as preload.cjs does in Node.js."""
    given = [os.environ.get(f"OSS_EMULATOR_{name}ENDPOINT", "") for name in ("", "HTTPS_")]
    if not all(given):
        return  # the program was started with other variables

    from urllib.parse import urlsplit  # imported here, because not every program needs it

    plain, tls = map(urlsplit, given)
    ports = {"80": plain, "http": plain, "443": tls, "https": tls}

    def redirect(host: Any, port: Any) -> tuple[Any, Any]:
        coded = isinstance(host, (bytes, bytearray))
        name = host.decode("ascii", "replace") if coded else str(host or "")
        with suppress(UnicodeError):  # an empty label, or one that is too long
            name = name.encode("idna").decode("ascii")
        labels = name.lower().strip().rstrip(".").split(".")
        if labels[-2:] == ["aliyuncs", "com"]:
            target = ports.get(str(port))
            if target is not None:
                host, port = target.hostname, target.port
            elif "oss" in "-".join(labels).split("-"):  # others may be databases
                asked = f"{host} without a port" if port is None else f"{host}:{port}"
                raise OSError(f"oss-emulator run redirects ports 80 and 443 of OSS, not {asked}")
        return host, port

    def look_up_there(look_up: Any, host: Any, port: Any, *others: Any, **options: Any) -> Any:
        return look_up(*redirect(host, port), *others, **options)

    def look_up_other(look_up: Any, host: Any) -> Any:
        return look_up(redirect(host, None)[0])

    def connect_there(connect: Any, socket: Any, address: Any) -> Any:
        if isinstance(address, tuple) and len(address) > 1:
            address = (*redirect(*address[:2]), *address[2:])
        return connect(socket, address)

    wrap(module, "getaddrinfo", look_up_there)
    for name in ("gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
        wrap(module, name, look_up_other)
    for name in ("connect", "connect_ex"):
        wrap(module.socket, name, connect_there)


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
    "certifi": trust_bundle,
    "certifi.core": trust_bundle,
    "socket": redirect_look_ups,
}

sys.meta_path.insert(0, Finder)
for imported in CHANGES.keys() & sys.modules.keys():  # by a .pth file, such as coverage's
    CHANGES[imported](sys.modules[imported])

elsewhere = [path for path in sys.path if Path(path or ".").resolve() != HERE.resolve()]
spec = PathFinder.find_spec("sitecustomize", elsewhere)
if spec is not None and spec.loader is not None:
    spec.loader.exec_module(module_from_spec(spec))
