"""Writes the tables of docs/fidelity.md and of the Chinese page: `make docs`."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.operation import Operation
from oss_emulator.pipeline.routing import Dispatcher
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import presigning
from oss_emulator.recording.scenario import RecordedRequest

from tests.recorded.test_recorded import (
    ERRORS,
    ERRORS_EXPECTED,
    EXPECTED,
    RECORDING,
    ECBasis,
    basis_of,
    ecs_of_the_server,
)
from tests.recorded.test_recorded import PAGES as ERROR_PAGES

ROOT = Path(__file__).parents[2]
FACTS = {
    "referer.md": "RB",
    "protocol.md": "PDS",
    "access.md": "A",
    "select.md": "Q",
    "images.md": "I",
}
"""The pages that state facts, with the letters of their numbers."""

_DISPATCHER = Dispatcher(OPERATIONS)

_BEGIN, _END = "<!-- tables -->\n", "<!-- end of tables -->\n"

BASES = ("recorded", "observed", "documented", "asserted", "assumed")
"""The bases of facts, the strongest first."""


class Words(NamedTuple):
    """The words of the tables in one language."""

    operation: str
    answers: str
    equal: str
    total: str
    page: str
    bases: tuple[str, ...]
    module: str
    about: str
    cases: str
    ecs: str
    ec_bases: tuple[str, ...]
    language: int
    """The index of the language in what the modules of ECs are about."""


PAGES = {
    ROOT / "docs" / "fidelity.md": Words(
        *("Operation", "Recorded answers", "Equal", "all", "Page", BASES),
        *("ECs", "About", "Cases of help pages", "ECs of the emulator", tuple(ECBasis), 0),
    ),
    ROOT / "docs" / "zh" / "fidelity.md": Words(
        *("接口", "录制的响应", "一致", "合计", "页面"),
        ("录制", "观察", "文档", "测试断言", "假设"),
        *("EC", "内容", "帮助文档中的案例", "模拟器的 EC"),
        ("录制", "帮助文档", "测试断言", "假设"),
        1,
    ),
}


def render(page: str, words: Words) -> str:
    """Return a page with current tables."""
    head, begin, rest = page.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    tables = "\n".join((*_answers(words), "", *_cases(words), "", *_ecs(words), "", *_facts(words)))
    return f"{head}{begin}\n{tables}\n{end}{tail}"


def basis(text: str) -> str:
    """Return the strongest basis that a fact gives between its first parentheses."""
    source = text[: text.find(")")].lower()
    if re.search(r"recorded|published answer", source):
        return "recorded"
    if "observed" in source:
        return "observed"
    if "documented" in source:
        return "documented"
    return "assumed" if re.search(r"\bassumed|our choice|chosen", source) else "asserted"


def _answers(words: Words) -> Iterator[str]:
    total: Counter[str] = Counter()
    equal: Counter[str] = Counter()
    for recorded in RECORDING.scenarios:
        for number, step in enumerate(recorded.steps):
            name = operation_of(step.request).name
            total[name] += 1
            equal[name] += (recorded.name, number) not in EXPECTED
    yield f"| {words.operation} | {words.answers} | {words.equal} |"
    yield "|---|---|---|"
    for name, count in sorted(total.items()):
        yield f"| {name} | {count} | {equal[name]} |"
    yield f"| **{words.total}** | {total.total()} | {equal.total()} |"


def _cases(words: Words) -> Iterator[str]:
    total = Counter(each.name[:4] for each in ERRORS.scenarios)
    different = Counter(name[:4] for name, _ in ERRORS_EXPECTED)
    yield f"| {words.module} | {words.about} | {words.cases} | {words.equal} |"
    yield "|---|---|---|---|"
    for module, count in sorted(total.items()):
        about = ERROR_PAGES["modules"][module][words.language]
        yield f"| {module} | {about} | {count} | {count - different[module]} |"
    yield f"| **{words.total}** | | {total.total()} | {total.total() - different.total()} |"


def _ecs(words: Words) -> Iterator[str]:
    counts = Counter(map(basis_of, ecs_of_the_server()))
    yield f"| | {' | '.join(words.ec_bases)} |"
    yield "|---|" + "---|" * len(ECBasis)
    yield f"| {words.ecs} | {' | '.join(str(counts[basis]) for basis in ECBasis)} |"


def operation_of(recorded: RecordedRequest) -> Operation:
    """Return the operation that a recorded request asks for."""
    query = presigning.format_query(recorded.query)
    headers = [("Host", "localhost"), *recorded.headers.items()]
    request = Request.parse(recorded.method, f"/?{query}", headers, 0)
    bucket = "" if "." in recorded.bucket else recorded.bucket
    return _DISPATCHER.find(request, Target(bucket, recorded.path.removeprefix("/")))


def _facts(words: Words) -> Iterator[str]:
    yield f"| {words.page} | {' | '.join(words.bases)} |"
    yield "|---|" + "---|" * len(BASES)
    for name, letters in FACTS.items():
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        stated = re.findall(rf"^- \*\*[{letters}]-\d\d\*\* \((.*?)(?=^- |\Z)", text, re.M | re.S)
        counts = Counter(map(basis, stated))
        cells = (str(counts[name]) for name in BASES)
        yield f"| [{name}]({name}) | {' | '.join(cells)} |"


if __name__ == "__main__":
    for path, language in PAGES.items():
        path.write_text(render(path.read_text(encoding="utf-8"), language), encoding="utf-8")
