"""Builds the lab of the site: `python -m docs.site.lab.build build/site/lab`, as `make site` does.

For a target that ends with `.zip`, as for `make lab`, it packs a lab that needs no site around it.

Pyodide comes from npm, everything else from the installed environment. The page loads nothing from
another host, so all of it is written beside the page.
"""

import base64
import fcntl
import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from importlib.metadata import distribution
from pathlib import Path
from typing import ParamSpec, TypeVar

import grimp
import oss_referer
from oss_referer.version import __version__

from docs.site.lab import pages
from docs.site.samples import COMMANDS

HERE = Path(__file__).parent
_P = ParamSpec("_P")
_R = TypeVar("_R")

CACHE = HERE.parents[2] / ".cache" / "lab"
PACKAGE = Path(oss_referer.__file__).parent

LEFT_OUT = ("terminal.logs", "traffic.report", "traffic.log_files", "sources.bucket")
"""What these modules may import on first use although a browser cannot run it."""

DATA = {"texts": "*.toml", "page/templates": "*.html"}
"""The files that are not modules, below the package."""

LIBRARIES = {
    "Jinja2": "jinja2",
    "MarkupSafe": "markupsafe",
    "publicsuffixlist": "publicsuffixlist",
}
"""The distributions whose Python files are shipped, each with the name of its package."""

NOT_SHIPPED = frozenset(
    "_pydatetime _pyio _pyrepl bdb compileall cProfile ctypes doctest ftplib http imaplib mailbox "
    "modulefinder multiprocessing netrc optparse pdb pickletools plistlib poplib profile pstats "
    "pty pyclbr pydoc smtplib socketserver sqlite3 statistics symtable tabnanny tarfile timeit "
    "trace tracemalloc unittest wave wsgiref xmlrpc zipapp".split()
)
"""Modules of the standard library that the lab never imports."""

ENCODINGS = frozenset(
    "__init__ _win_cp_codecs aliases ascii big5 cp1252 cp437 gb18030 gb2312 gbk idna latin_1 "
    "punycode raw_unicode_escape unicode_escape utf_16 utf_16_be utf_16_le utf_8 utf_8_sig".split()
)
"""The encodings that it knows: those of documents, of hosts, and of Python itself."""


def build(target: Path, links: Mapping[str, pages.Links] = pages.SITE) -> None:
    """Write the lab to a folder."""
    pyodide = fetch_pyodide()
    shutil.rmtree(target / "parts", ignore_errors=True)
    (target / "parts").mkdir(parents=True)
    shutil.copy(HERE / "lab.js", target)
    for name, data in parts(pyodide).items():
        # A page that is opened from a disk may load scripts, but no other files.
        packed = base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()
        script = f'lab.part("{name}", "{packed}");\n'
        (target / "parts" / f"{name}.js").write_text(script, encoding="utf-8")
    (target / "NOTICES.txt").write_text(notices(pyodide), encoding="utf-8")
    pages.write(target, links)


def pack(target: Path) -> None:
    """Write a ZIP archive with the folder of a lab, which works from the disk."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, target.stem)
        build(folder, pages.REPOSITORY)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.make_archive(str(target.with_suffix("")), "zip", name, folder.name)


def _alone(work: Callable[_P, _R]) -> Callable[_P, _R]:
    """Have one process at a time do work in the cache: the processes of the tests share it."""

    @wraps(work)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        CACHE.mkdir(parents=True, exist_ok=True)
        with (CACHE / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return work(*args, **kwargs)

    return run


@_alone
def fetch_pyodide() -> Path:
    """Return the folder of Pyodide; npm installs it for the first build, and after a change."""
    wanted = (HERE / "package.json").read_bytes()
    folder = CACHE / hashlib.sha256(wanted).hexdigest()[:16]
    pyodide = folder / "node_modules" / "pyodide"
    if not (folder / "installed").exists():
        npm = shutil.which("npm")
        if npm is None:
            sys.exit("The lab needs npm, which is not installed (on Debian: npm).")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_bytes(wanted)
        install = (
            npm,
            "install",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--ignore-scripts",
        )
        subprocess.run(install, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        (folder / "installed").touch()
    return pyodide


def parts(pyodide: Path) -> Mapping[str, bytes]:
    """Return the files that the worker unpacks, by name."""
    whole = json.loads((pyodide / "pyodide-lock.json").read_bytes())
    found = {"pyodide-lock.json": json.dumps({"info": whole["info"], "packages": {}}).encode()}
    for name in ("pyodide.js", "pyodide.asm.wasm"):
        found[name] = (pyodide / name).read_bytes()
    found["pyodide.asm.js"] = _as_script((pyodide / "pyodide.asm.mjs").read_text("utf-8")).encode()
    found["python_stdlib.zip"] = _store(_standard_library(pyodide))
    found["lab.zip"] = _store(_modules())
    return found | _compile(
        pyodide, {name: found[name] for name in ("python_stdlib.zip", "lab.zip")}
    )


def _as_script(module: str) -> str:
    """Turn a module of Pyodide into a script, which defines what the module exports."""
    script, exported, rest = module.partition("export default _createPyodideModule;")
    if not exported or rest.strip():
        sys.exit("pyodide.asm.mjs does not end with its export.")
    return script.replace("import.meta.url", "location.href")


@_alone
def _compile(pyodide: Path, archives: Mapping[str, bytes]) -> dict[str, bytes]:
    """Put bytecode in the place of the modules that most pages need; see compile.mjs."""
    script = HERE / "compile.mjs"
    told = b"".join((script.read_bytes(), str(pyodide).encode(), *archives.values()))
    folder = CACHE / "compiled" / hashlib.sha256(told).hexdigest()[:16]
    if not folder.exists():
        node = shutil.which("node")
        if node is None:
            sys.exit("The lab needs node, which is not installed (on Debian: nodejs).")
        shutil.rmtree(folder.parent, ignore_errors=True)
        folder.parent.mkdir(parents=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as name:
            paths = [Path(name, archive) for archive in archives]
            for path in paths:
                path.write_bytes(archives[path.name])
            subprocess.run([node, script, pyodide, *paths], check=True)  # noqa: S603
            shutil.copytree(name, folder)
    return {name: (folder / name).read_bytes() for name in archives}


def _standard_library(pyodide: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(pyodide / "python_stdlib.zip") as archive:
        for name in archive.namelist():
            top, _, rest = name.removesuffix(".py").partition("/")
            if top not in NOT_SHIPPED and (top != "encodings" or rest in ENCODINGS):
                yield name, archive.read(name)


def _modules() -> Iterator[tuple[str, bytes]]:
    """Yield the files that Python imports in the browser."""
    yield "runner.py", (HERE / "runner.py").read_bytes()
    for name in sorted(select_modules()):
        path = PACKAGE.parent.joinpath(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        yield path.relative_to(PACKAGE.parent).as_posix(), path.read_bytes()
    for folder, pattern in DATA.items():
        for path in sorted((PACKAGE / folder).glob(pattern)):
            yield path.relative_to(PACKAGE.parent).as_posix(), path.read_bytes()
    for name, package in LIBRARIES.items():
        for file in distribution(name).files or ():
            is_needed = file.suffix in (".py", ".dat") and file.name != "test.py"
            if is_needed and file.parts[0] == package:
                yield file.as_posix(), Path(str(file.locate())).read_bytes()


def select_modules() -> frozenset[str]:
    """Return the modules of the package that the commands and the lab use."""
    graph = grimp.build_graph(PACKAGE.name, cache_dir=None)  # others build at the same time
    for name in LEFT_OUT:
        room = f"{PACKAGE.name}.{name}"
        for module in (*graph.find_descendants(room), room):
            graph.remove_module(module)
    roots = {f"{PACKAGE.name}.__main__", *(f"{PACKAGE.name}.commands.{name}" for name in COMMANDS)}
    for room in ("lint", "page"):  # lint rules are found by their names
        roots |= graph.find_descendants(f"{PACKAGE.name}.{room}")
    found = roots.union(*map(graph.find_upstream_modules, roots))
    above = {
        name.rsplit(".", count)[0] for name in found for count in range(1, name.count(".") + 1)
    }
    return frozenset(found | above)


def _store(files: Iterator[tuple[str, bytes]]) -> bytes:
    """Put files into an uncompressed ZIP archive; the part is compressed as a whole."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data)
    return memory.getvalue()


def notices(pyodide: Path) -> str:
    """Return the notices that the licences of the shipped files ask for, with their texts."""
    package = json.loads((pyodide / "package.json").read_bytes())
    lock = json.loads((pyodide / "pyodide-lock.json").read_bytes())
    versions = {
        "version": __version__,
        "pyodide": package["version"],
        "python": lock["info"]["python"],
        **{name: distribution(name).version for name in LIBRARIES},
    }
    text = (HERE / "notices.txt").read_text(encoding="utf-8").format_map(versions)
    for name in LIBRARIES:
        title = _TITLES.get(name, f"The licence of {name}")
        text += f"\n\n{title}\n{'-' * len(title)}\n\n{_licence(name)}"
    return text


_TITLES = {"publicsuffixlist": "Mozilla Public License 2.0"}


def _licence(name: str) -> str:
    files = distribution(name).files or ()
    file = next(file for file in files if file.stem == "LICENSE")
    return Path(str(file.locate())).read_text(encoding="utf-8")


if __name__ == "__main__":
    wanted = Path(sys.argv[1])
    (pack if wanted.suffix == ".zip" else build)(wanted)
