"""Makes aiohttp's clients use the proxy variables. Python runs this module before a program.

`oss-emulator run` puts this folder first on PYTHONPATH. The program's own sitecustomize runs as
well. This module may use the standard library only, because the emulator may not be installed.
"""

import sys
from functools import wraps
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent


class Finder:
    """Changes `aiohttp.client` when a program imports it."""

    @classmethod
    def find_spec(
        cls, name: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "aiohttp.client":
            return None
        sys.meta_path.remove(cls)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_change(module: ModuleType) -> None:
                load(module)
                trust_environment(module.ClientSession)

            setattr(spec.loader, "exec_module", load_and_change)  # noqa: B010
        return spec


def trust_environment(session: Any) -> None:
    """Make sessions use the proxy variables unless their caller says otherwise."""
    init = session.__init__

    @wraps(init)
    def init_with_environment(self: Any, *arguments: Any, **options: Any) -> None:
        options.setdefault("trust_env", True)
        init(self, *arguments, **options)

    session.__init__ = init_with_environment


sys.meta_path.insert(0, Finder)

elsewhere = [path for path in sys.path if Path(path or ".").resolve() != HERE.resolve()]
spec = PathFinder.find_spec("sitecustomize", elsewhere)
if spec is not None and spec.loader is not None:
    spec.loader.exec_module(module_from_spec(spec))
