"""What the console and the commands of the server say, in each language."""

from pathlib import Path
from typing import Final

from oss_referer import texts

FOLDERS: Final = (texts.FOLDER, Path(__file__).parent)
"""The folders with the texts of both packages."""
