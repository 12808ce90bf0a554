"""The readers of hand-written TOML and JSON: types, errors and places."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oss_emulator.access.accounts import Accounts, AccountsError
from oss_emulator.control import seed
from oss_emulator.control.seed import SeedError
from oss_emulator.pipeline.service import Service
from oss_referer import Assumptions
from oss_referer.engine.assumptions import DEFAULT, SENTENCES, EmptyWhitelist
from oss_referer.sources import assumptions, forms, json_text, tables, toml
from oss_referer.sources.assumptions import AssumptionsError
from oss_referer.sources.json_text import JSONError
from oss_referer.sources.tables import TableError
from oss_referer.sources.toml import (
    MAX_DEPTH,
    MAX_DIGITS,
    ONE_OR_MORE,
    SourceError,
    TomlDocument,
    format_path,
)

from tests.rows import read_cases, rows
from tests.thorough import cases

CASES = read_cases("referer.sources")


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Leaf:
    name: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Tree:
    leaf: tuple[Leaf, ...] = ()
    colour: Colour = Colour.RED
    tall: bool | None = None
    notes: tuple[str, ...] = field(default=(), metadata=ONE_OR_MORE)
    named: Mapping[str, Leaf] = field(default_factory=dict)
    free: Any = None
    mixed: tuple[str | Mapping[str, Any], ...] = ()
    other: str = field(default="", metadata={"name": "Other"})


def test_document_is_converted_to_the_types_of_its_dataclass() -> None:
    text = CASES["document_is_converted_to_the_types_of_its_dataclass"]
    assert TomlDocument.parse(text).convert(Tree) == Tree(
        (Leaf("first"), Leaf("second", 2)),
        Colour.BLUE,
        True,
        ("one",),
        {"a": Leaf("third")},
        [1, "a"],
        ("a", {"b": 1}),
        "x",
    )


def test_value_at_a_path_is_converted() -> None:
    document = TomlDocument.parse('[[leaf]]\nname = "a"\n[[leaf]]\nname = "b"\n')
    assert document.convert(Leaf, "leaf", 1) == Leaf("b")


@rows(
    ("text", "line", "column", "sentence"),
    ("a = ", 1, 5, "this is not valid TOML: Invalid value"),
    ('colour = "', 1, 11, "this is not valid TOML: Unterminated string"),
    (f"free = {'[' * 5000}", 1, 1, "this TOML is nested too deeply"),
    (f"a{'.a' * 30_000} = 1", 1, 1, "this TOML is nested too deeply"),
    (f"[a{'.a' * 30_000}]", 1, 1, "this TOML is nested too deeply"),
    (f"free = {{a{'.a' * 30_000} = 1}}", 1, 1, "this TOML is nested too deeply"),
    (f"free = {'{a=' * 5000}", 1, 1, "this TOML is nested too deeply"),
    (f"a = 1\nfree = {'9' * 5000}", 2, 8, "this number has more than 308 digits"),
    (f"free = 0x{'f' * 5000}", 1, 8, "this number has more than 308 digits"),
    (f"free = 1.{'1_' * 5000}1", 1, 10, "this number has more than 308 digits"),
    ('colour = "green"', 1, 1, 'colour is "green"; write "red" or "blue"'),
    ("colour = []", 1, 1, 'colour is []; write "red" or "blue"'),
    ("tall = 1", 1, 1, "tall is 1; write true or false"),
    ("leaf = 1", 1, 1, "leaf is 1; write [[leaf]] for each leaf"),
    ("leaf = [1]", 1, 1, "leaf is [1]; write [[leaf]] for each leaf"),
    ('[[leaf]]\nname = "a"\n  [[leaf]]', 3, 3, "leaf[1].name is missing; write a string"),
    ("[[leaf]]\n  name = 'a'\n\tsize = true", 3, 2, "leaf[0].size is true; write a whole num"),
    ("notes = [1]", 1, 1, "notes[0] is 1; write a string"),
    ("notes = 1", 1, 1, "notes is 1; write a string or a list of strings"),
    ("mixed = 1", 1, 1, "mixed is 1; write a list of strings or tables"),
    ("named.a = 1", 1, 1, "named.a is 1; write a table"),
    ("[named]\n'a b' = {}", 2, 1, 'named."a b".name is missing; write a string'),
    ("other = 1", 1, 1, "other is unknown; use leaf, colour, tall, notes, named, free, mixed"),
)
def test_mistake_is_told_with_its_place(text: str, line: int, column: int, sentence: str) -> None:
    with pytest.raises(SourceError) as refusal:
        TomlDocument.parse(text).convert(Tree)
    assert refusal.value.sentence.startswith(sentence)
    assert (refusal.value.line, refusal.value.column) == (line, column)


def test_more_names_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toml, "MAX_NAMES", 1_000)
    assert TomlDocument.parse(f"free = [{'1,' * 998}]").tables["free"]
    with pytest.raises(SourceError, match="this TOML has more than 1000 names"):
        TomlDocument.parse(f"free = [{'1,' * 1_001}]")


@pytest.mark.parametrize(
    "text",
    [
        f'free = "{"a." * 5000}"  # {"[" * 5000}',
        f"free = '{'9' * 5000}'",
        f'free = """\n{"[" * 5000}\\"""{"9" * 5000}"""',
        f"free = '''\n{'[' * 5000}''{'9' * 5000}'''",
        f"free = [{'1.5, ' * 5000}]",
        f"free = [{'[], ' * 5000}]",
        f"free = {'9' * 308}",
        f"[free{'.a' * 99}]",
    ],
)
def test_limits_leave_strings_and_long_documents_alone(text: str) -> None:
    assert TomlDocument.parse(text).tables["free"]


PIECES = ['\\"', '"""\\', "'''\\", '"\n', "[", "#", "'", "a.", '"a" ']


@rows("start", "", "a = ", 'a = "', 'a = """', "a = '''")
def test_damaged_text_is_refused_in_linear_time(start: str) -> None:
    for piece in PIECES:
        began = process_time()
        with pytest.raises(SourceError):
            TomlDocument.parse(start + piece * 20_000 + "\n=")
        assert process_time() - began < 0.5, piece


def test_place_is_found_behind_values_that_look_like_headers() -> None:
    text = """
# [[leaf]]
Other = '''
[[leaf]]
name = "a'''
mixed = [
  "[[leaf]]", # "
  {leaf = "]"},
]
free = \"\"\"
tall = 1 \\\"\"\"\"
[ named . "a.b" ]
name = "x"
[[leaf]]
name = 1
"""
    with pytest.raises(SourceError) as refusal:
        TomlDocument.parse(text).convert(Tree)
    assert refusal.value.line == 15


def test_nested_arrays_of_tables_are_counted_in_their_parents() -> None:
    text = "[[a]]\n[[a.b]]\n[[a.b]]\n[[a]]\n[[a.b]]\nc = 1\n[a.b.d]\ne = 1\n"
    document = TomlDocument.parse(text)
    lines = {
        ("a", 0, "b", 1): 3,
        ("a", 1): 4,
        ("a", 1, "b", 0, "c"): 6,
        ("a", 1, "b", 0, "d", "e"): 8,
        ("a", 1, "b", 0, "nothing"): 5,
        ("z",): 1,
    }
    assert {path: document.error(path, "").line for path in lines} == lines


@given(st.text(), st.lists(st.text() | st.integers()))
def test_any_document_and_path_have_a_place(text: str, path: list[str | int]) -> None:
    error = TomlDocument(text if _is_toml(text) else "", {}).error(tuple(path), "x")
    assert error.line >= 1
    assert error.column >= 1
    assert "\n" not in format_path(tuple(path))


def _is_toml(text: str) -> bool:
    try:
        TomlDocument.parse(text)
    except SourceError:
        return False
    return True


# --- the same mistake in a seed, in accounts, in a decision table and in rules


def read_seed(path: Path) -> object:
    return seed.load(path, Service())


def read_accounts(path: Path) -> object:
    return Accounts.parse(path.read_bytes(), token_key=b"key")


def read_table(path: Path) -> object:
    return tables.read(path)


def read_rules(path: Path) -> object:
    return forms.parse(path.read_bytes(), forms.RulesForm.TOML)


READERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "seed": (read_seed, "[[bucket]]\nname = {name}\n{more}\n[bucket.referer]\n"),
    "accounts": (read_accounts, "[[account]]\nid = {name}\n{more}\n"),
    "table": (read_table, "[rules.x]\n[[case]]\nverdict = 'allow'\nname = {name}\n{more}\n"),
    "rules": (read_rules, "[rules.a]\nwhitelist = [{name}]\n{more}\n"),
}
MISTAKES = {
    "not TOML": ('"1"', "x", "line {after}, column 2: this is not valid TOML: Expected '='"),
    "not UTF-8": ('"\udcff"', "", "the byte 0xff is not valid UTF-8"),
    "wrong type": ("1", "", "line {line}, column 1: {path} is 1; write a string"),
    "unknown name": ('"1"', "colour = 1", "line {after}, column 1: {table}.colour is unknown; use"),
    "nested": (f"{'[' * 5000}", "", "this TOML is nested too deeply"),
}
PLACES = {
    "seed": {"line": 2, "path": "bucket[0].name", "table": "bucket[0]"},
    "accounts": {"line": 2, "path": "account[0].id", "table": "account[0]"},
    "table": {"line": 4, "path": "case[0].name", "table": "case[0]"},
    "rules": {"line": 2, "path": "rules.a.whitelist[0]", "table": "rules.a"},
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("reader", READERS)
def test_same_mistake_gives_the_same_sentence_everywhere(
    tmp_path: Path, reader: str, mistake: str
) -> None:
    read, template = READERS[reader]
    name, more, sentence = MISTAKES[mistake]
    path = tmp_path / "written.toml"
    text = template.format(name=name, more=more)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    line = int(str(PLACES[reader]["line"]))
    with pytest.raises((SeedError, AccountsError, TableError, SourceError)) as refusal:
        read(path)
    assert sentence.format(**PLACES[reader], after=line + 1) in str(refusal.value)


@pytest.mark.parametrize(
    ("reader", "text", "path"), CASES["missing_name_gives_the_same_sentence_everywhere"]
)
def test_missing_name_gives_the_same_sentence_everywhere(
    tmp_path: Path, reader: str, text: str, path: str
) -> None:
    file = tmp_path / "written.toml"
    file.write_text(text)
    with pytest.raises((SeedError, AccountsError, TableError)) as refusal:
        READERS[reader][0](file)
    assert f"line 1, column 1: {path} is missing; write a string" in str(refusal.value)


# Files


def test_pipe_is_read_when_somebody_writes_to_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"x" * 300_000,))
    writer.start()
    assert toml.read_file(pipe) == b"x" * 300_000
    writer.join()


def test_reading_takes_memory_for_the_file_and_not_for_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"text")
    assert toml.read_file(path, most=1 << 62) == b"text"


def test_file_larger_than_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(descriptor: int, size: int) -> bytes:
        raise MemoryError

    (tmp_path / "large").touch()
    monkeypatch.setattr(os, "read", read)
    with pytest.raises(OSError, match="there is not enough memory for it"):
        toml.read_file(tmp_path / "large")


def test_device_without_an_end_is_refused() -> None:
    with pytest.raises(OSError, match="it has more than 67108864 bytes"):
        toml.read_file(Path("/dev/zero"))


# --- assumptions as TOML: each variant of each fact, and errors that list the valid values


def test_formatted_assumptions_parse_to_the_same() -> None:
    given = [DEFAULT, *(other for _, other in DEFAULT.alternatives())]
    assert [assumptions.parse(assumptions.format(one)) for one in given] == given


def test_each_variant_has_a_sentence_and_a_name_of_its_own() -> None:
    variants = [variant for chosen in DEFAULT.chosen().values() for variant in type(chosen)]
    assert set(SENTENCES) == set(variants)
    assert len({(type(variant), variant.value) for variant in variants}) == len(variants)


def test_missing_fact_has_its_default() -> None:
    assert assumptions.parse("") == DEFAULT
    found = assumptions.parse('empty_whitelist = "empty-whitelist-denies"\n')
    assert found == Assumptions(empty_whitelist=EmptyWhitelist.DENIES)


@pytest.mark.parametrize(("source", "sentence"), CASES["mistake_gets_error_with_valid_values"])
def test_mistake_gets_error_with_valid_values(tmp_path: Path, source: str, sentence: str) -> None:
    path = tmp_path / "assumptions.toml"
    path.write_text(source)
    with pytest.raises(AssumptionsError) as raised:
        assumptions.read(path)
    assert sentence in str(raised.value)
    assert str(path) in str(raised.value)


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssumptionsError, match=r"nowhere\.toml cannot be read: No such file"):
        assumptions.read(tmp_path / "nowhere.toml")


# --- JSON from outside: what is read, and refusals with reason and place


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda items: st.lists(items) | st.dictionaries(st.text(), items),
)  # fmt: skip


@given(value=VALUES, escaped=st.booleans())
@settings(max_examples=cases(25, 1_000))
def test_what_json_writes_is_read(value: Any, escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    assert json_text.parse(text) == value
    assert json_text.parse(b"\xef\xbb\xbf" + text.encode()) == value


@pytest.mark.thorough
@given(text=st.text('[]{}"\\:,1eE+-.u d8a\n', max_size=40))
@settings(max_examples=cases(100, 10_000))
def test_any_text_is_read_as_json_reads_it_or_refused(text: str) -> None:
    try:
        found = json_text.parse(text)
    except JSONError:
        return
    assert found == json.loads(text)


@rows(
    ("text", "line", "column", "sentence", "unknown"),
    ("", 1, 1, "this is not valid JSON: Expecting value", ""),
    ('{"a":\n p}', 2, 2, "this is not valid JSON: Expecting value", "p"),
    ("[1,\n2 ,\n]", 2, 3, "this is not valid JSON: Illegal trailing comma", ""),
    ('{"a": [1], }', 1, 10, "this is not valid JSON: Illegal trailing comma", ""),
    ("[1, }", 1, 5, "this is not valid JSON: Expecting value", "}"),
    ('{"a": 1} x', 1, 10, "this is not valid JSON: Extra data", ""),
    ("[" * 10_000, 1, 1, "this JSON is nested too deeply", ""),
    ('{"a":' * 10_000, 1, 1, "this JSON is nested too deeply", ""),
    ("[\n" + "9" * 5_000, 2, 1, "this is not valid JSON: a number has more than 308", ""),
    ("[1, -" + "9" * 308, 1, 5, "this is not valid JSON: a number has more than 308", ""),
    ("[0." + "1" * 400 + "]", 1, 2, "this is not valid JSON: a number is too large", ""),
    ("[1e400]", 1, 2, "this is not valid JSON: a number is too large", ""),
    ("[-1e400]", 1, 2, "this is not valid JSON: a number is too large", ""),
    ("[1, NaN]", 1, 5, "this is not valid JSON: NaN is not a number in JSON", ""),
    ("-Infinity", 1, 1, "this is not valid JSON: -Infinity is not a number in JSON", ""),
    ('"\\ud800"', 1, 1, "this JSON is not text: an escape such as \\ud800 is without", ""),
    ('{"\\udc00\\ud800": 1}', 1, 1, "this JSON is not text", ""),
)
def test_what_is_beyond_a_limit_is_refused(
    text: str, line: int, column: int, sentence: str, unknown: str
) -> None:
    with pytest.raises(JSONError) as refusal:
        json_text.parse(text)
    assert refusal.value.sentence.startswith(sentence)
    assert (refusal.value.line, refusal.value.column) == (line, column)
    assert refusal.value.unknown == unknown


def test_what_is_at_a_limit_is_read() -> None:
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert json_text.parse(deep) is not None
    assert json_text.parse(f"[{deep[1:-1]}, {deep[1:-1]}]") is not None
    assert json_text.parse("9" * MAX_DIGITS) == 10**MAX_DIGITS - 1
    assert float(json_text.parse("9" * MAX_DIGITS)) > 0
    assert json_text.parse('"' + "[" * 1_000 + '\\"' + "{" * 1_000 + '"')
    assert json_text.parse('"\\ud83d\\ude00"') == "\U0001f600"
    assert json_text.parse('"\\\\ud800"') == "\\ud800"


def test_one_level_more_is_too_deep() -> None:
    with pytest.raises(JSONError, match="nested too deeply"):
        json_text.parse("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


def test_longer_text_than_wanted_is_refused() -> None:
    assert json_text.parse("[ ]", most=3) == []
    with pytest.raises(JSONError, match="longer than 3"):
        json_text.parse("[  ]", most=3)


def test_bytes_that_are_not_utf_8_are_refused_with_their_place() -> None:
    with pytest.raises(SourceError, match="line 2, column 2: the byte 0xff is not valid UTF-8"):
        json_text.parse(b'{\n"\xff": 1}')


def test_halves_of_characters_are_read_where_they_can_be_written() -> None:
    assert json_text.parse('"\\udcff"', errors="surrogateescape") == "\udcff"
    assert json_text.parse('"\\ud800"', errors="surrogatepass") == "\ud800"
    with pytest.raises(JSONError):
        json_text.parse('"\\ud800"', errors="surrogateescape")


def test_members_of_objects_can_be_read_in_another_way() -> None:
    assert json_text.parse('{"a": 1, "a": 2}', pairs=list) == [("a", 1), ("a", 2)]
