"""Writes the tables of docs/access.md from fixtures/access: `make docs`."""

from collections.abc import Iterator
from pathlib import Path

from tests.docs.markdown import generated
from tests.unit.access.table import TABLES, Case, Table, compact

PAGE = Path(__file__).parents[2] / "docs" / "access.md"


def render(page: str) -> str:
    """Return the page with current tables."""
    head, _, tail = generated(page)
    return head + "\n".join(line for table in TABLES.values() for line in _table(table)) + tail


def _table(table: Table) -> Iterator[str]:
    yield f"\n### {table.title}\n"
    yield "| | Who | Asks for | Given | Verdict | Settled by |"
    yield "|---|---|---|---|---|---|"
    for case in table.cases:
        cells = (
            f"{case.name} ({', '.join(case.facts)})",
            f"`{case.who}`",
            _asked(case),
            _given(case),
            case.verdict,
            case.reason.replace("_", " "),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""
    for name, document in table.policies.items():
        yield f"- `{name}`: `{compact(document)}`"


def _asked(case: Case) -> str:
    actions = ", ".join(f"`{action}`" for action in case.actions)
    return f"{actions} of `{case.key}`" if case.key else actions


def _given(case: Case) -> str:
    """Return the policies, ACLs and circumstances of a case that differ from the default."""
    found = [
        *(f"RAM policy `{name}`" for name in case.ram),
        *([f"session policy `{case.session}`"] if case.session else []),
        *([f"bucket policy `{case.bucket}`"] if case.bucket else []),
        *([f"bucket {case.acl}"] if case.acl != "private" else []),
        *([f"object {case.object_acl}"] if case.object_acl != "default" else []),
        *(["public access blocked"] if case.block_public else []),
        *(["requester pays"] if case.requester_pays else []),
        *(["`x-oss-request-payer`"] if case.says_requester else []),
        *(f"`{name}` `{_value(value)}`" for name, value in (case.when or {}).items()),
    ]
    return ", ".join(found)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "&".join(f"{name}={text}" for name, text in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value) or '""'


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
