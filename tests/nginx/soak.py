"""Compare many random rules with nginx in both directions: `python -m tests.nginx.soak [SEEDS]`."""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.nginx import test_from_nginx, test_to_nginx


def main() -> int:
    """Compare 300 configurations and 300 servers for each seed; 1 if something differs."""
    if shutil.which("nginx") is None:
        print("nginx is missing, so it is not compared with")
        return 0
    for seed in range(int(sys.argv[1]) if len(sys.argv) > 1 else 20):
        with tempfile.TemporaryDirectory() as folder:
            different = test_to_nginx.compare(Path(folder), 300, 60, seed)
            found = test_from_nginx.compare(Path(folder), 300, 60, seed)
        print(f"seed {seed}: {len(different)} of 18000 to nginx differ, from nginx {dict(found)}")
        if different:
            print(different[0])
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
