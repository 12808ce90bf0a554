"""The command `oss-emulator`, also as `python -m oss_emulator`."""

import sys


def main() -> int:
    """Run the command and return its exit status; Ctrl-C prints one line even during imports."""
    try:
        from oss_emulator.cli import main as run
    except KeyboardInterrupt:
        print("oss-emulator: interrupted", file=sys.stderr)
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
