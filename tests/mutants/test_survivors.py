"""Rooms have tests, and each survivor names an existing line once and has a reason."""

from __future__ import annotations

from tests.mutants.survivors import ROOMS, SOURCE, TESTS, read


def test_rooms_and_their_tests_exist() -> None:
    for room, tests in ROOMS.items():
        assert list((SOURCE / room).glob("*.py")), room
        for name in tests:
            assert (TESTS / name).exists(), name


def test_lines_of_the_table_exist() -> None:
    gone = []
    for found in read():
        text = (SOURCE / found.file).read_text(encoding="utf-8")
        if found.line not in " ".join(line.strip() for line in text.splitlines()):
            gone.append((found.file, found.line))
    assert gone == [], "remove these rows"


def test_survivors_are_listed_once_and_by_file() -> None:
    rows = read()
    keys = [key for found in rows for key in found.keys]
    assert len(set(keys)) == len(keys)
    assert all(line != changed for _, line, changed in keys)
    assert all(found.changed for found in rows)
    assert [found.file for found in rows] == sorted(found.file for found in rows)


def test_each_survivor_has_a_sentence() -> None:
    for found in read():
        assert found.why[0].isupper(), found
        assert found.why.endswith("."), found
        assert len(found.why.split()) >= 4, found
