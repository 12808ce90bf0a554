"""docs/operations.md agrees with the table of operations."""

from oss_emulator.operations import OPERATIONS

from tests.docs.operations import PAGE, not_emulated, render


def test_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(OPERATIONS), "`make docs` writes it"


def test_no_subresource_is_both_emulated_and_not() -> None:
    page = render(OPERATIONS)
    emulated, _, rest = page.partition("## Known sub-resources that are not emulated")
    names = not_emulated(OPERATIONS)
    assert names
    for name in names:
        assert f"?{name}`" not in emulated
        assert f"`{name}`" in rest
