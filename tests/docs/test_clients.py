"""docs/clients.md and its Chinese version agree with the tests that try the clients."""

from tests.docs.clients import CHINESE_PAGE, PAGE, render, render_chinese


def test_page_is_current() -> None:
    assert render() == PAGE.read_text(encoding="utf-8"), "`make docs` writes it"


def test_chinese_page_is_current() -> None:
    assert render_chinese() == CHINESE_PAGE.read_text(encoding="utf-8"), "`make docs` writes it"
