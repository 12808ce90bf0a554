"""The parts of a page about rules that the console and the lab in the browser share."""

from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).with_name("static")
"""The folder of the shared scripts and style sheets."""
