"""Exchanges with a service, written as text: the cases of `fixtures/exchanges/`, and their player.

Each case has its own service, with the bucket `bucket` and the requests before the first case of
its file. A case is a title and exchanges; each exchange is a request and the expected answer:

    # A wrong position gets 409 with the next one (P-38)
    for sent, length:
      12345 | 5
      ""    | 0
    POST /bucket/a?append&position=0 | {sent}
    POST /bucket/a?append&position=9 | x
    409 PositionNotEqualToLength 0026-00000016
      x-oss-next-append-position: {length}
      Message = Position is not equal to file length

- `for NAMES:` plays the case once for each row below it; `for NAME: A B C` has them in one line.
- A request may name its sender: `anonymous GET /bucket`. Its headers and its body, `| TEXT`, are
  indented; `-` as a value leaves a header out. Other bodies: `@image png 30x20` is a picture,
  `@form NAME=VALUE` a field of a form whose file, `content`, has the type `@file TYPE`, `@select
  SQL` a SelectRequest and `@meta` a SelectMetaRequest of oss2 with `@option NAME=VALUE`.
- The answer is a status, and the code and the EC of an error, `-` if it has none. `*` is any
  status. Without an answer, the request must succeed.
- Below an answer, `NAME: VALUE` is a header and `PATH = VALUE` the texts of the XML elements at a
  path, separated by `, `; `-` as a value means that there is none. `NAME: ~ PATTERN` and
  `PATH ~ PATTERN` search instead. `xml` is the whole document, `root` the name of its root, and
  `PATH/name()` has the names of the children. `| TEXT` is the body, which `body` names as well;
  `image` is the format and size of a picture, `rows` has the words of the rows that a statement
  finds, and `counts` the offset, splits, rows and columns of a meta.
- `NAME <- PATH` and `NAME <- HEADER:` keep a value for later.
- `{NAME}` stands for a value of a row, a kept one or a text that the file defines by
  `let NAME = TEXT`; `{x*9}` repeats a text, `{md5}` is the digest of the body.
- `wait 1d -1s` moves the clock, and `given NAME = VALUE` sets a setting or an assumption of the
  service: a date, a name, or `on`; `-` leaves it as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree
from oss2 import xml_utils
from oss_emulator.settings import Auth, Settings
from oss_referer.engine.assumptions import DEFAULT
from PIL import Image

from tests.client import content_md5
from tests.http import forms
from tests.rows import rows
from tests.unit.imaging.drawing import encode, quarters
from tests.unit.operations.service import Answer, Caller
from tests.unit.selecting import cases

FOLDER = Path(__file__).parents[3] / "fixtures" / "exchanges"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

_READ: dict[str, Callable[[str], Any]] = {
    "as_of": date.fromisoformat,
    "auth": Auth,
    "cname": lambda text: dict([text.split("=")]),
    "region": str,
    "s3_host": lambda text: (text,),
}
"""How settings other than switches are read."""


class Step(NamedTuple):
    """A line without indentation, and the indented lines below it."""

    line: int
    text: str
    details: list[str]


class Case(NamedTuple):
    """One case of a file, with the requests before the first case."""

    path: Path
    title: str
    steps: list[Step]
    defined: dict[str, str]

    def __repr__(self) -> str:
        return f"{self.path.stem}: {self.title}"

    def play(self) -> None:
        """Play all rows of the case; raises an AssertionError that names the line."""
        tables = [_rows(step) for step in self.steps if step.text.startswith("for ")]
        for chosen in product(*tables):
            _Play(self, {name: cell for row in chosen for name, cell in row.items()}).run()


def read(path: Path) -> list[Case]:
    """Read the cases of a file."""
    first: list[Step] = []
    defined: dict[str, str] = {}
    found: list[Case] = []
    steps = first
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("# "):
            steps = list(first)
            found.append(Case(path, line[2:], steps, defined))
        elif line.startswith("let "):
            name, _, text = line[4:].partition(" = ")
            defined[name] = text
        elif line.startswith("  "):
            steps[-1].details.append(line.strip())
        elif line and not line.startswith("--"):
            steps.append(Step(number, line, []))
    return found


def _rows(step: Step) -> list[dict[str, str]]:
    names, _, values = step.text.removeprefix("for ").partition(":")
    rows = [values.strip()] if ", " in names and values else values.split() or step.details
    cells = [re.split(r"\s+\|\s+", row) for row in rows]
    return [
        dict(zip(names.split(", "), ("" if cell == '""' else cell for cell in row), strict=True))
        for row in cells
    ]


class _Play:
    """One run of a case with the values of a row."""

    def __init__(self, case: Case, row: Mapping[str, str]) -> None:
        self._case, self._row = case, row
        self._known = {**case.defined, **row}
        self._ask = Caller(self._settings())
        self._known["owner"] = self._ask.service.accounts.owner.id

    def _settings(self) -> Settings:
        lines = (self._fill(step.text) for step in self._case.steps)
        pairs = (line[6:].split(" = ") for line in lines if line.startswith("given "))
        named = {name: value for name, value in pairs if value != "-"}
        variants: dict[str, Any] = {
            name: type(default)(named.pop(name))
            for name, default in DEFAULT.chosen().items()
            if name in named
        }
        others: dict[str, Any] = {name: _READ.get(name, bool)(of) for name, of in named.items()}
        return Settings(assumptions=replace(DEFAULT, **variants), **others)

    def run(self) -> None:
        answer = Answer(200, {}, b"")
        plain = (step for step in self._case.steps if not step.text.startswith(("for ", "given ")))
        steps = list(plain)
        for step, following in zip(steps, [*steps[1:], None], strict=True):
            with self._located(step):
                text = self._fill(step.text)
                word, _, rest = text.partition(" ")
                if word == "wait":
                    terms = re.findall(r"(-?\d+)([smhd])", rest)
                    self._ask.now += sum(int(number) * _SECONDS[unit] for number, unit in terms)
                elif word.isupper() or word == "anonymous":
                    answer = self._send(text, step.details)
                    if following is None or self._fill(following.text)[:1] not in "12345*":
                        assert answer.status < 300, answer.body
                else:
                    self._check(answer, text, step.details)

    @contextmanager
    def _located(self, step: Step) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            error.add_note(f"{self._case.path}:{step.line}: {step.text}  {dict(self._row)}")
            raise

    def _fill(self, text: str) -> str:
        """Replace `{name}` and `{text*number}`, also within the replacements."""
        for _ in range(4):
            text = re.sub(r"\{(\w+)\}", lambda found: self._known.get(found[1], found[0]), text)
        return re.sub(r"\{([^{}]+)\*(\d+)\}", lambda found: found[1] * int(found[2]), text)

    def _send(self, text: str, details: list[str]) -> Answer:
        request, _, body = text.partition(" | ")
        lines = [self._fill(line) for line in details]
        body = "\n".join([*filter(None, [body]), *(line[2:] for line in lines if line[0] == "|")])
        pairs = [line.partition(":") for line in lines if line[0] not in "|@"]
        headers = {name: value[1:] for name, _, value in pairs if value != " -"}
        marks = [line[1:].partition(" ") for line in lines if line[0] == "@"]
        if any(kind == "form" for kind, *_ in marks):
            headers["Content-Type"] = forms.TYPE
        if headers.get("Content-MD5") == "{md5}":
            headers["Content-MD5"] = content_md5(body.encode())
        who, _, named = request.partition(" ")
        send = self._ask.anonymously if who == "anonymous" else self._ask
        method, _, target = (named if who == "anonymous" else request).partition(" ")
        return send(method, target, _encode(marks) if marks else body, **headers)

    def _check(self, answer: Answer, text: str, details: list[str]) -> None:
        status, *error = text.split()
        found = [str(answer.status)]
        if error:
            found.append(answer.code)
        if len(error) > 1:
            found.append(answer.headers.get("x-oss-ec", "-"))
            assert (answer.text("EC") or "-") == found[2]
        assert found == [found[0] if status == "*" else status, *error], answer.document
        bodies = [self._fill(line)[2:] for line in details if line[0] == "|"]
        if bodies:
            assert answer.body.decode() == "\n".join(bodies)
        for line in (self._fill(line) for line in details if line[0] != "|"):
            if kept := re.fullmatch(r"(\w+) <- (\S+)", line):
                self._known[kept[1]] = self._value(answer, kept[2])
                continue
            compared = re.fullmatch(r"(\S+ [=~]|\S+: ~|\S+:)(?: (.*))?", line)
            assert compared, f"not a check: {line}"
            path, value = compared[1].removesuffix(" ="), compared[2] or ""
            if path.endswith(" ~"):
                there = self._value(answer, path[:-2])
                assert re.search(value, there), f"{path} {there}"
            else:
                there = self._value(answer, path)
                assert there == value, f"{path} {there}"

    @staticmethod
    def _value(answer: Answer, path: str) -> str:
        """Return a header, or the texts at a path; `-` without one."""
        if path.endswith(":"):
            return answer.headers.get(path[:-1], "-")
        if path in _READ_BODY:
            return _READ_BODY[path](answer.body)
        root = etree.fromstring(answer.document)
        if path == "root":
            return str(root.tag)
        if path == "xml":
            plain = etree.fromstring(answer.document, etree.XMLParser(remove_blank_text=True))
            return etree.tostring(plain, encoding="unicode")
        if path.endswith("name()"):
            children = root.iterfind(f"{path[:-6]}*")
            return ", ".join(str(child.tag) for child in children)
        texts = answer.texts(path)
        return ", ".join(texts) if texts else "-"


def _encode(marks: list[tuple[str, str, str]]) -> bytes:
    """Return the body that lines with `@` describe."""
    texts = {kind: text for kind, _, text in marks}
    named = [text for kind, _, text in marks if kind in ("form", "option") and text != "-"]
    pairs = [text.partition("=")[::2] for text in named]
    options = {name: _range(text) if name[-5:] == "Range" else text for name, text in pairs}
    if "image" in texts:
        name, _, size = texts["image"].partition(" ")
        width, height = map(int, (size or "200x100").split("x"))
        return encode(quarters(width, height), name)
    if "select" in texts:
        return bytes(xml_utils.to_select_object(texts["select"], options))
    if "meta" in texts:
        return bytes(xml_utils.to_get_select_object_meta(options))
    file = texts.get("file", "-")
    return forms.form(pairs, forms.File(type=None if file == "-" else file))


def _range(text: str) -> tuple[int | None, ...]:
    return tuple(int(part) if part else None for part in text.split("-"))


def _describe_image(body: bytes) -> str:
    if body.startswith(b"<"):
        return "-"  # an error
    image = Image.open(BytesIO(body))
    return f"{image.format} {image.width}x{image.height}"


def _read_rows(body: bytes) -> str:
    return " ".join(cases.read(list(cases.split(body))).rows.decode().split())


def _read_counts(body: bytes) -> str:
    (frame,) = cases.split(body)
    places = ((20, 24), (24, 32), (32, 36))
    found = (int.from_bytes(frame.payload[start:end]) for start, end in places)
    return ", ".join(map(str, (frame.offset, *found)))


_READ_BODY: dict[str, Callable[[bytes], str]] = {
    "body": bytes.decode,
    "counts": _read_counts,
    "image": _describe_image,
    "rows": _read_rows,
}
"""How bodies are read that are no XML."""

CASES = [case for path in sorted(FOLDER.glob("*.txt")) for case in read(path)]


# --- Each exchange


@rows("case", *CASES)
def test_exchange(case: Case) -> None:
    case.play()
