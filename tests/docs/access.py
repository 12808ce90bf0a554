"""Writes the tables of docs/access.md, also in Chinese, from fixtures/access: `make docs`."""

from collections.abc import Iterator
from pathlib import Path

from tests.docs.language import ENGLISH, Language, chinese
from tests.unit.access.table import TABLES, Case, Table, compact

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {DOCS / "access.md": ENGLISH, DOCS / "zh" / "access.md": chinese("access")}
BEGIN, END = "<!-- tables -->\n", "<!-- end of tables -->\n"


def render(page: str, language: Language) -> str:
    """Return the page with current tables."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return (
        head
        + BEGIN
        + "\n".join(line for table in TABLES.values() for line in _table(table, language))
        + ("\n" + END + tail)
    )


def _table(table: Table, language: Language) -> Iterator[str]:
    say = language.say
    yield f"\n### {say(table.title)}\n"
    headings = ("Who", "Asks for", "Given", "Verdict", "Settled by")
    yield f"| | {' | '.join(map(say, headings))} |"
    yield "|---|---|---|---|---|---|"
    for case in table.cases:
        facts = say(", ").join(case.facts)
        cells = (
            say("{case} ({facts})", case=say(case.name), facts=facts),
            case.who,
            _asked(case, language),
            _given(case, language),
            say(case.verdict),
            say(case.reason.replace("_", " ")),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""
    for name, document in table.policies.items():
        yield f"- *{name}* `{compact(document)}`"


def _asked(case: Case, language: Language) -> str:
    actions = language.say(", ").join(f"`{action}`" for action in case.actions)
    if not case.key:
        return actions
    return language.say("{actions} of `{key}`", actions=actions, key=case.key)


def _given(case: Case, language: Language) -> str:
    """Return the policies, ACLs and circumstances of a case that differ from the default."""
    say = language.say
    found = [
        *(say("RAM policy *{name}*", name=name) for name in case.ram),
        *([say("session policy *{name}*", name=case.session)] if case.session else []),
        *([say("bucket policy *{name}*", name=case.bucket)] if case.bucket else []),
        *([say("bucket {acl}", acl=case.acl)] if case.acl != "private" else []),
        *([say("object {acl}", acl=case.object_acl)] if case.object_acl != "default" else []),
        *([say("public access blocked")] if case.block_public else []),
        *([say("requester pays")] if case.requester_pays else []),
        *(["`x-oss-request-payer`"] if case.says_requester else []),
        *(f"{name} `{_value(value)}`" for name, value in (case.when or {}).items()),
    ]
    return say(", ").join(found)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "&".join(f"{name}={text}" for name, text in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value) or '""'


if __name__ == "__main__":
    for path, language in PAGES.items():
        path.write_text(render(path.read_text(encoding="utf-8"), language), encoding="utf-8")
