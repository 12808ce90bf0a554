"""The source archive of oss2: fetch, verify and unpack it. The repository does not contain it."""

import hashlib
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from tests.conformance import samples

VERSION = "2.19.1"
SHA256 = "a8ab9ee7eb99e88a7e1382edc6ea641d219d585a7e074e3776e9dec9473e59c1"


class FetchError(Exception):
    """The archive could not be downloaded, or has another checksum."""


def fetch(cache: Path) -> Path:
    """Return the archive from the folder, or have pip download it from its configured index.

    Raises `FetchError`.
    """
    archive = cache / f"oss2-{VERSION}.tar.gz"
    if not archive.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        _download(cache)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SHA256:
        raise FetchError(f"{archive} has the SHA-256 {found}, not {SHA256}")
    return archive


def _download(folder: Path) -> None:
    with TemporaryDirectory() as work:
        # pip accepts hashes only in a requirements file.
        wanted = Path(work, "requirements.txt")
        wanted.write_text(f"oss2=={VERSION} --hash=sha256:{SHA256}\n", encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
        source_only = [
            "--no-deps",
            "--no-binary",
            "oss2",
            "--requirement",
            str(wanted),
            "--dest",
            str(folder),
        ]
        done = subprocess.run([*pip, *source_only], check=False)
    if done.returncode:
        raise FetchError("pip could not download the source archive of oss2; see its output above")


PICTURE = "example.jpg"
"""A file that tests upload but the archive lacks: any picture of the same size works."""


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack the archive; returns its root, which holds `tests` and the `oss2` that they test."""
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")
    root = folder / f"oss2-{VERSION}"
    samples.write(root / "tests")
    # The suite expects a picture of this size.
    Image.linear_gradient("L").resize((400, 267)).convert("RGB").save(root / "tests" / PICTURE)
    return root
