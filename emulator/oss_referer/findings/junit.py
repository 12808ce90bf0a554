"""Remarks as JUnit XML, which CI systems show as tests."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from oss_referer.sources.markup import writing
from oss_referer.sources.markup.writing import Tag

from .remark import Remark


def format(remarks: Iterable[Remark]) -> bytes:
    """Format each remark as a case, and those on a source that follow each other as a suite.

    `?` replaces characters that XML cannot represent.
    """
    suites = [
        _suite(source, list(cases))
        for source, cases in groupby(remarks, lambda remark: remark.source)
    ]
    written = writing.format(Tag("testsuites", suites), indent="  ")
    return f"<?xml version='1.0' encoding='UTF-8'?>\n{written}\n".encode()


def _suite(source: str, cases: Sequence[Remark]) -> Tag:
    attributes = {
        "name": _text(source),
        "tests": str(len(cases)),
        "failures": str(sum(case.fails for case in cases)),
        "errors": "0",
        "skipped": "0",
    }
    return Tag("testsuite", [_case(case) for case in cases], attributes)


def _case(case: Remark) -> Tag:
    failures = []
    if case.fails:
        message = case.message.removeprefix(f"{case.name}: ")  # the name stands in the case
        attributes = {"message": _text(message), "type": _text(case.kind)}
        failures = [Tag("failure", _text(case.detail), attributes)]
    return Tag("testcase", failures, {"classname": _text(case.group), "name": _text(case.name)})


def _text(text: str) -> str:
    return "".join(
        character if character.isprintable() or character in "\t\n" else "?" for character in text
    )
