"""Tests a program that writes with fsspec, on a path of the emulator."""

from upath import UPath


def write_report(folder: UPath) -> None:
    """Write two files; the code under test."""
    (folder / "report.txt").write_text("42")
    (folder / "parts" / "a b.txt").write_text("中文", encoding="utf-8")


def test_report_is_written(tmp_s3_path: UPath) -> None:
    write_report(tmp_s3_path)
    assert (tmp_s3_path / "report.txt").read_text() == "42"
    assert sorted(path.name for path in tmp_s3_path.rglob("*.txt")) == ["a b.txt", "report.txt"]
