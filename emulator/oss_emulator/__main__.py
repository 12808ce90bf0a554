"""`python -m oss_emulator` is the command `oss-emulator`."""

import sys

from oss_emulator.cli import main

if __name__ == "__main__":
    sys.exit(main())
