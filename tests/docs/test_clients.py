"""docs/clients.md agrees with the tests that try the clients."""

from tests.docs.clients import PAGE, render


def test_page_is_current() -> None:
    assert render() == PAGE.read_text(encoding="utf-8"), "`make docs` writes it"
