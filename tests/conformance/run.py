"""Run the suite of oss2 against the emulator and compare the outcome with expected.toml.

`python -m tests.conformance.run`, or `make conformance`. Exits with 1 if a test fails that is not
listed or a listed test passes, and with 2 if the suite could not run.
"""

import argparse
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conformance import expected, page, session, suite
from tests.conformance.expected import VERSIONS
from tests.conformance.session import Result
from tests.docs import phrases

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).parent / "expected.toml"
PAGE = ROOT / "docs" / "conformance.md"
CACHE = ROOT / ".cache" / "conformance"

SECONDS = 3600
"""The most seconds that all tests may take."""


def main() -> int:
    """Run the suite; returns the exit code."""
    arguments = _arguments()
    # Exit through the context managers, which end the processes that were started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        known = expected.load(LIST)
        results = _run(suite.fetch(CACHE), arguments.versions, arguments.workers)
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
    parser.add_argument(
        "--workers", type=int, default=4, help="tests of one version that run at the same time"
    )
    parser.add_argument(
        "--check", action="store_true", help=f"fail if {PAGE.name} differs, and do not write it"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="show the tracebacks of unexpected failures"
    )
    return parser.parse_args()


def _run(archive: Path, versions: Sequence[str], workers: int) -> dict[str, dict[str, Result]]:
    """Run the suite with all versions at once; each has its own folder and server."""
    began = time.monotonic()
    with TemporaryDirectory(prefix="conformance-") as folder, ExitStack() as stack:
        sessions = []
        for version in versions:
            work = Path(folder, version)
            work.mkdir()
            root = suite.unpack(archive, work)
            sessions.append(stack.enter_context(session.started(root, version, work, workers)))
        deadline = began + SECONDS
        results = {each.version: each.results(deadline) for each in sessions}
    print(f"The tests of oss2 {suite.VERSION} took {time.monotonic() - began:.0f} s.")
    return results


def _report(
    version: str, listed: frozenset[str], results: Mapping[str, Result], verbose: bool
) -> bool:
    """Print unexpected outcomes; returns whether there are any."""
    found = expected.compare(listed, {name: result.passed for name, result in results.items()})
    passed = sum(result.passed for result in results.values())
    print(
        f"{version}: {passed} of {len(results)} tests passed, {len(listed)} are listed as failing"
    )
    for name in found.failed:
        result = results[name]
        print(f"{version}: FAILED but is not listed: {name}\n    {result.why}")
        if verbose:
            print(result.detail)
    for name in found.passed:
        print(f"{version}: passed but is listed: {name}")
    for name in found.missing:
        print(f"{version}: is listed but not in the suite: {name}")
    return bool(found)


def _page(
    results: Mapping[str, Mapping[str, Result]], known: expected.Expected, *, check: bool
) -> bool:
    """Write the pages, or compare with `check`; returns whether they are up to date."""
    outcomes = {
        version: {name: result.passed for name, result in by_name.items()}
        for version, by_name in results.items()
    }
    text = page.render(suite.VERSION, outcomes, known)
    same = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
    if check:
        if not same:
            print(f"docs/{PAGE.name} is out of date: `make conformance` writes it")
        return same
    if not same:  # others may read it meanwhile
        PAGE.write_text(text, encoding="utf-8")
    return _write_chinese()


def _write_chinese() -> bool:
    """Write the Chinese page from the English one; returns whether no phrase is missing."""
    try:
        phrases.write("conformance")
    except phrases.PhraseError as error:
        print(f"conformance: {error}")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
