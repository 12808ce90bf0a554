"""The parts of a page about rules, shared by the console and the lab in the browser."""

from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).with_name("static")
"""The scripts and the style sheet that both have."""
