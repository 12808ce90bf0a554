"""The page docs/conformance.md: how much of the suite passes, and why the rest does not."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from tests.conformance.expected import VERSIONS, Class, Entry, Expected

_HEAD = """\
# Conformance

Made by `make conformance`, not by hand. It runs the tests that come with the source archive of
[oss2](https://github.com/aliyun/aliyun-oss-python-sdk) {suite}, Alibaba's own client for Python,
against the emulator, once with each version of the signature, and holds the outcome against
[expected.toml](../tests/conformance/expected.toml). A test that fails and is not listed there
fails the run, and so does one that is listed and passes.

{totals}

## By module
"""

_CHANGED = """
## What is changed for the run

The tests run as they are. A [plugin](../tests/conformance/plugin/oss2_suite.py) sees to it that
each run comes out the same:

- The random numbers of a test start from its name.
- Where a test picks one of the common buckets at random, the one that encrypts with a KMS uses a
  local RSA key instead. Tests of the KMS client itself are not touched, and are listed above.
- Hosts other than this machine are not found, as on a machine without a network.
- `example.jpg` and `sample_data.csv`, which tests upload and the archive leaves out, are made up.
- GetBucketAcl takes a second: two tests wait for a millisecond and expect that not to do.
- Names of assertions that Python 3.12 dropped are there.
- oss2 writes how far a transfer has come in one step; by chance it reads half of it, and drops it.
- The tests of Block Public Access run without others beside them: they block it for the account.
- A test that takes longer than two minutes fails.

The accounts are those of [session.py](../tests/conformance/session.py): the one that is tested, and
one that pays for its requests.
"""

_TITLES = {
    Class.REAL_SERVICE: (
        "Need the real service",
        "They ask Alibaba's STS or KMS, or an endpoint of OSS whose name the test itself holds.",
    ),
    Class.MACHINE: ("Need the machine", "They depend on what is set up outside of the tests."),
    Class.NOT_EMULATED: (
        "Features that are not emulated",
        "The emulator answers 501 and names what was asked for.",
    ),
    Class.NOT_YET: ("Not yet", "To come."),
}


def render(suite: str, outcomes: Mapping[str, Mapping[str, bool]], expected: Expected) -> str:
    """The page, from what passed by signature version and test."""
    totals = ", ".join(
        f"**{sum(outcome.values())} of {len(outcome)}** with {version}"
        for version, outcome in outcomes.items()
    )
    parts = [_HEAD.format(suite=suite, totals=f"Passed: {totals}."), *_modules(outcomes)]
    for each, entries in expected.failing.items():
        if entries:
            parts += _section(*_TITLES[each], entries)
    if expected.vacuous:
        parts += _section(
            "Pass, and cannot fail",
            "Counted above as passed, and evidence of nothing: whatever is answered, they pass.",
            expected.vacuous,
        )
    return "\n".join(parts) + "\n" + _CHANGED


def _modules(outcomes: Mapping[str, Mapping[str, bool]]) -> Iterator[str]:
    passed = {version: Counter(_passed_modules(outcome)) for version, outcome in outcomes.items()}
    tests = Counter(_module(name) for name in next(iter(outcomes.values())))
    yield f"| Module | Tests | {' | '.join(outcomes)} |"
    yield "|---|--:|" + "--:|" * len(outcomes)
    for module in sorted(tests):
        counts = " | ".join(str(passed[version][module]) for version in outcomes)
        yield f"| `{module}` | {tests[module]} | {counts} |"


def _passed_modules(outcome: Mapping[str, bool]) -> Iterator[str]:
    return (_module(name) for name, passed in outcome.items() if passed)


def _module(name: str) -> str:
    return name.partition("::")[0].removeprefix("tests/").removesuffix(".py")


def _section(title: str, text: str, entries: Iterable[Entry]) -> Iterator[str]:
    entries = tuple(entries)
    count = sum(len(entry.tests) for entry in entries)
    yield from ("", f"## {title}", "", f"{count} tests. {text}", "")
    for file, group in groupby(entries, lambda entry: entry.file):
        yield f"- `{file.removesuffix('.py')}`"
        yield from map(line, group)


def line(entry: Entry) -> str:
    """What the page says of tests that share a reason."""
    where = "" if entry.versions == VERSIONS else f" ({', '.join(entry.versions)} only)"
    tests = ", ".join(f"`{test.rpartition('::')[2]}`" for test in entry.tests)
    return f"  - {entry.reason}{where}: {tests}"
