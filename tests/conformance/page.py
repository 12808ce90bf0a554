"""The page docs/conformance.md: how much of the suite passes, and why the rest fails."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from tests.conformance.expected import VERSIONS, Class, Entry, Expected

_HEAD = """\
# Conformance

English | [简体中文](zh/conformance.md)

Written by `make conformance`. It runs the tests in the source archive of
[oss2](https://github.com/aliyun/aliyun-oss-python-sdk) {suite}, Alibaba's client for Python,
against the emulator, once with each signature version, and compares the outcome with
[expected.toml](../tests/conformance/expected.toml). The run fails if a test fails that is not
listed there, or if a listed test passes.

{totals}

## By module
"""

_CHANGED = """
## What is changed for the run

The tests run unchanged. A [plugin](../tests/conformance/plugin/oss2_suite.py) makes the outcome of
each run the same:

- Each test seeds its random numbers with its name.
- The tests run under [`oss-emulator run`](drop-in.md), so every host of `aliyuncs.com` that they
  name is the emulator, over http or https. Their endpoint is `http://oss-cn-hangzhou.aliyuncs.com`.
- Hosts of `aliyuncs.com` resolve to 127.0.0.2, which clients reach through the proxy. The names of
  other hosts do not resolve, as on a machine without a network, and requests to them do not use the
  proxy.
- The locale zh_CN.UTF-8 is compiled for the run.
- The archive lacks `example.jpg` and `sample_data.csv`, which tests upload, so the run creates
  substitutes. Tests that compare the sizes of processed pictures in bytes cannot pass.
- GetBucketAcl takes a second, because two tests set a timeout of a millisecond and expect it to
  expire.
- Assertion names that Python 3.12 removed are restored.
- oss2 writes the record of a transfer in one step. Otherwise another thread can read an incomplete
  record, which oss2 discards.
- The tests of Block Public Access run alone, because they block it for the whole account.
- A test that takes longer than four minutes fails.

[session.py](../tests/conformance/session.py) defines the accounts: the tested account, and an
account that pays for its requests.
"""

_TITLES = {
    Class.MACHINE: ("Need the machine", "They depend on a setup outside the tests."),
    Class.SUITE: ("Mistakes of the suite", "They fail for every answer of the server."),
    Class.NOT_EMULATED: (
        "Features that are not emulated",
        "The emulator responds with 501 and the name of the feature.",
    ),
    Class.NOT_YET: ("Not yet", "Planned."),
}


def render(suite: str, outcomes: Mapping[str, Mapping[str, bool]], expected: Expected) -> str:
    """Format the page from the outcomes, by signature version and test."""
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
            "They count as passed above, but prove nothing: they pass for every answer of the "
            "server.",
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
    tests = f"{count} test{'' if count == 1 else 's'}"
    yield from ("", f"## {title}", "", f"{tests}. {text}", "")
    for file, group in groupby(entries, lambda entry: entry.file):
        yield f"- `{file.removesuffix('.py')}`"
        yield from map(line, group)


def line(entry: Entry) -> str:
    """Format the line of the page about tests that fail for the same reason."""
    where = "" if entry.versions == VERSIONS else f" ({', '.join(entry.versions)} only)"
    tests = ", ".join(f"`{test.rpartition('::')[2]}`" for test in entry.tests)
    return f"  - {entry.reason}{where}: {tests}"
