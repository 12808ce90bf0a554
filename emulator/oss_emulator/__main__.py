"""`python -m emulator` is `oss-emulator`."""

import sys

from oss_emulator.cli import main

if __name__ == "__main__":
    sys.exit(main())
