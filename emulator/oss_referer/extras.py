"""The optional packages, and the command that installs them beside this package."""

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

    A package that was installed from a folder, such as a clone, may not be on an index, so the
    command names the folder and this Python. It works in every directory. An editable
    installation stays editable, so that it follows the clone.
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
    """Return the folder or file that the package was installed from, and whether it is editable.

    The folder is None if the package came from an index.
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
