"""The commands about rules, as `python -m oss_referer`."""

import sys

from oss_referer.commands import RULES, TRAFFIC
from oss_referer.terminal.program import Program

PROGRAM = Program("Tries Referer rules.", {"Rules": RULES, "Traffic": TRAFFIC})

if __name__ == "__main__":
    sys.exit(PROGRAM.main())
