"""The optional packages: the command that installs them where this package is installed."""

import importlib.util
import json
import shlex
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

_NAME = "oss-emulator"


def command(extra: str) -> str:
    """Return the command that installs an extra of this package, such as `lab`.

    A package that was installed from a folder, such as a clone, is on no index: the command names
    that folder and this Python. Then it works wherever it is typed. An editable installation stays
    editable, so it follows the clone.
    """
    place, editable = _source()
    if place is None:
        return f"pip install '{_NAME}[{extra}]'"
    python = shlex.quote(sys.executable)
    if importlib.util.find_spec("pip") is None and shutil.which("uv"):
        program = f"uv pip install --python {python}"
    else:
        program = f"{python} -m pip install"
    option = "--editable " if editable else ""
    return f"{program} {option}{shlex.quote(f'{place}[{extra}]')}"


def _source() -> tuple[Path | None, bool]:
    """Return the folder or the file that the package was installed from; None for an index.

    Also return whether the installation is editable.
    """
    from importlib.metadata import PackageNotFoundError, distribution  # slow, and rarely needed

    try:
        text = distribution(_NAME).read_text("direct_url.json")
    except PackageNotFoundError:
        return None, False
    if not text:
        return None, False
    record = json.loads(text)  # as pip and uv write it (PEP 610)
    url, editable = urlsplit(record["url"]), record.get("dir_info", {}).get("editable", False)
    path = Path(unquote(url.path)) if url.scheme == "file" else None
    return (path, editable) if path and path.exists() else (None, False)
