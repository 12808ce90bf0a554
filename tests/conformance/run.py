"""Runs the suite of oss2 against the emulator and holds the outcome against expected.toml.

`python -m tests.conformance.run`, or `make conformance`. Ends with 1 when a test outside of the
list fails or one of the list passes, and with 2 when the suite could not be run.
"""

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conformance import expected, page, session, suite
from tests.conformance.expected import VERSIONS
from tests.conformance.session import ROOT, Result

LIST = Path(__file__).parent / "expected.toml"
PAGE = ROOT / "docs" / "conformance.md"
CACHE = ROOT / ".cache" / "conformance"


def main() -> int:
    """Run it; the exit code."""
    arguments = _arguments()
    try:
        known = expected.load(LIST)
        archive = suite.fetch(CACHE)
        results = {
            version: _run(archive, version, arguments.workers) for version in arguments.versions
        }
    except (expected.ExpectedError, suite.FetchError, session.SessionError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    differences = [
        _report(version, known.names(version), outcome, arguments.verbose)
        for version, outcome in results.items()
    ]
    outdated = tuple(results) == VERSIONS and not _page(results, known, check=arguments.check)
    return 1 if any(differences) or outdated else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.run", description=__doc__)
    parser.add_argument(
        "--versions", nargs="+", choices=VERSIONS, default=VERSIONS, help="signature versions"
    )
    parser.add_argument("--workers", type=int, default=8, help="tests run at the same time")
    parser.add_argument(
        "--check", action="store_true", help=f"do not write {PAGE.name}, but fail when it differs"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="show the traceback of what failed unexpectedly"
    )
    return parser.parse_args()


def _run(archive: Path, version: str, workers: int) -> dict[str, Result]:
    started = time.monotonic()
    with TemporaryDirectory(prefix="conformance-") as folder:
        work = Path(folder)
        results = session.run(suite.unpack(archive, work), version, work, workers)
    passed = sum(result.passed for result in results.values())
    took = time.monotonic() - started
    print(f"{version}: {passed} of {len(results)} tests passed in {took:.0f} s", flush=True)
    return results


def _report(
    version: str, listed: frozenset[str], results: Mapping[str, Result], verbose: bool
) -> bool:
    """Say what is not as expected; whether there was anything."""
    found = expected.compare(listed, {name: result.passed for name, result in results.items()})
    for name in found.failed:
        result = results[name]
        print(f"{version}: FAILED and is not listed: {name}\n    {result.why}")
        if verbose:
            print(result.detail)
    for name in found.passed:
        print(f"{version}: passed and is listed: {name}")
    for name in found.missing:
        print(f"{version}: is listed and is no test: {name}")
    return bool(found)


def _page(
    results: Mapping[str, Mapping[str, Result]], known: expected.Expected, *, check: bool
) -> bool:
    """Write the page, or only look; whether it is now what it should be."""
    outcomes = {
        version: {name: result.passed for name, result in by_name.items()}
        for version, by_name in results.items()
    }
    text = page.render(suite.VERSION, outcomes, known)
    if not check:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        print(f"docs/{PAGE.name} is not what this run gives: `make conformance` writes it")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
