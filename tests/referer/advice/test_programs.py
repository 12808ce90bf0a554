"""Programs that put rules: what they say where, and that nothing in the rules can get out."""

from __future__ import annotations

import ast

import pytest
from oss_referer import RefererConfiguration
from oss_referer.advice.programs import format_oss2, format_ossutil

ABOUT = 'https://a.test/"""\n\\'


@pytest.mark.parametrize("entry", ["http://例え.test/", "http://\U0001f600.test/", "\"'\u202e"])
def test_program_for_oss2_has_the_entries_as_they_are(entry: str) -> None:
    rules = RefererConfiguration(False, False, False, (entry,), ("http://b.test/",))
    texts = [
        node.value
        for node in ast.walk(ast.parse(format_oss2(rules, ABOUT, "examplebucket")))
        if isinstance(node, ast.Constant)
    ]
    assert {entry, "http://b.test/", "examplebucket"} <= set(texts)
    assert "OSS_BUCKET" not in texts


def test_program_for_oss2_says_what_oss2_cannot_set() -> None:
    assert "TruncatePath" in format_oss2(RefererConfiguration(truncate_path=True), ABOUT)
    program = format_oss2(RefererConfiguration(), ABOUT)
    assert "TruncatePath" not in program
    assert 'os.environ["OSS_BUCKET"]' in program


def test_script_for_ossutil_cannot_be_left_by_an_entry() -> None:
    rules = RefererConfiguration(whitelist=("x\nEND\nEND.\ntouch /evil",))
    lines = format_ossutil(rules, ABOUT, "a b").splitlines()
    assert lines[1] == "cat > referer.xml <<'END..'"
    assert lines.count("END..") == 1
    assert lines[-1].startswith("ossutil api put-bucket-referer --bucket 'a b' ")
    assert lines[-2] == "END.."
