"""What the commands and the pages about rules say, in each language."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
"""The folder with the texts of this package."""
