"""Writes docs/operations.md, also in Chinese, from the table of operations: `make docs`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.operation import Operation, Resource
from oss_emulator.protocol.parameters import SUBRESOURCES

from tests.docs.language import ENGLISH, Language, chinese
from tests.docs.translations import accept

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "operations.md"
CHINESE_PAGE = DOCS / "zh" / "operations.md"

_SAMPLE = """\
```sh
curl -i 'http://127.0.0.1:9000/examplebucket?somethingNew'
```

```text
HTTP/1.1 501 Not Implemented
...
  <Code>NotImplemented</Code>
...
  <SubResource>somethingNew</SubResource>
...
```
"""

_ABOUT = """\
`make docs` writes this page from the code. Operations have the names of the
[OSS API reference](https://www.alibabacloud.com/help/en/oss/developer-reference/). The action is
what a policy must allow. The status says how far the emulator goes:

- *enforced*: the operation does what the service does.
- *kept*: the emulator validates the document, stores it, returns it and deletes it as the service
  does, but the document has no effect.

Any other request gets 501 `NotImplemented` with the name of what is missing:
"""

_NOT_EMULATED = "Known sub-resources that are not emulated"

_WHAT_HAPPENS = """\
The service and its SDKs use these sub-resources, and no operation here answers them. They get 501,
whatever the method.
"""


def render(operations: Iterable[Operation]) -> str:
    """Return the English page."""
    return _render(tuple(operations), ENGLISH, _ABOUT, _WHAT_HAPPENS)


def render_chinese(operations: Iterable[Operation]) -> str:
    """Return the Chinese page."""
    operations, language = tuple(operations), chinese("operations")
    about, what_happens = language.say("about"), language.say("what happens")
    return accept(_render(operations, language, about, what_happens), render(operations))


def _render(
    operations: tuple[Operation, ...], language: Language, about: str, what_happens: str
) -> str:
    lines = [language.top("Operations", PAGE.name), about, _SAMPLE]
    for resource in Resource:
        here = [operation for operation in operations if operation.resource is resource]
        # The sort is stable: operations of one sub-resource stay in the order of the code.
        lines += _table(resource, sorted(here, key=_subresource), language)
    names = language.say(", ").join(f"`{name}`" for name in not_emulated(operations))
    lines += [language.heading(_NOT_EMULATED), what_happens, language.say("{names}.", names=names)]
    return "\n".join(lines) + "\n"


def not_emulated(operations: Iterable[Operation]) -> list[str]:
    """Return the known sub-resources that no operation uses, in alphabetical order."""
    asked = {
        part.partition("=")[0]
        for operation in operations
        for part in operation.subresource.split("&")
    }
    return sorted(SUBRESOURCES - asked, key=str.lower)


def _subresource(operation: Operation) -> str:
    return operation.subresource.partition("&")[0].lower()


def _table(
    resource: Resource, operations: Iterable[Operation], language: Language
) -> Iterator[str]:
    headings = ("Operation", "Request", "Action", "Status")
    yield language.heading(f"{resource.value.title()} operations")
    yield f"| {' | '.join(map(language.say, headings))} |"
    yield "|---|---|---|---|"
    for each in operations:
        status = language.say(each.status.value)
        yield f"| {each.name} | {_request(each, language)} | `{each.action}` | {status} |"
    yield ""


def _request(operation: Operation, language: Language) -> str:
    asked = f"?{operation.subresource}" if operation.subresource else ""
    request = f"`{operation.method} {_PATHS[operation.resource]}{asked}`"
    if not operation.header:
        return request
    return language.say("{request} with `{header}`", request=request, header=operation.header)


_PATHS = {Resource.SERVICE: "/", Resource.BUCKET: "/bucket", Resource.OBJECT: "/bucket/key"}


if __name__ == "__main__":
    PAGE.write_text(render(OPERATIONS), encoding="utf-8")
    CHINESE_PAGE.write_text(render_chinese(OPERATIONS), encoding="utf-8")
