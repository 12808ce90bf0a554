"""Files that are written as a whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE
from typing import BinaryIO


@contextmanager
def replacing(path: Path, *, is_secret: bool = False) -> Iterator[BinaryIO]:
    """Write a temporary file, and replace `path` by it at the end. Raises OSError.

    The new file gets the mode of the old one; only its owner may read a secret. After an error,
    only the old file is left. A pipe or a device is written to, not replaced, and a link stays a
    link. Of several processes, the last one wins.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    path = Path(os.path.realpath(path))
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    mode = 0o600 if is_secret else S_IMODE(path.stat().st_mode) if path.exists() else 0o666
    part.unlink(missing_ok=True)
    try:
        with open(part, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            yield file
            if not file.closed:
                file.flush()
                os.fsync(file.fileno())
        if path.exists() and not is_secret:
            part.chmod(mode)  # whatever the umask
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
