"""Writes docs/operations.md from the table of operations: `make docs`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.operation import Operation, Resource
from oss_emulator.protocol.parameters import SUBRESOURCES

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"

_ABOUT = """\
# Operations

English | [简体中文](zh/operations.md)

`make docs` writes this page from the code. Operations have the names of the
[OSS API reference](https://www.alibabacloud.com/help/en/oss/developer-reference/). The action is
what a policy must allow. The status says how far the emulator goes:

- *enforced*: the operation does what the service does.
- *kept*: the emulator validates the document, stores it, returns it and deletes it as the service
  does, but the document has no effect.

Any other request gets 501 `NotImplemented` with the name of what is missing:

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

_NOT_EMULATED = """\
## Known sub-resources that are not emulated

The service and its SDKs use these sub-resources, and no operation here answers them. They get 501,
whatever the method.
"""


def render(operations: Iterable[Operation]) -> str:
    """Return the page."""
    operations = tuple(operations)
    lines = [_ABOUT]
    for resource in Resource:
        here = [operation for operation in operations if operation.resource is resource]
        # The sort is stable: operations of one sub-resource stay in the order of the code.
        lines += _table(resource, sorted(here, key=_subresource))
    lines += [_NOT_EMULATED, ", ".join(f"`{name}`" for name in not_emulated(operations))]
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


def _table(resource: Resource, operations: Iterable[Operation]) -> Iterator[str]:
    yield f"## {resource.value.title()} operations\n"
    yield "| Operation | Request | Action | Status |"
    yield "|---|---|---|---|"
    for each in operations:
        yield f"| {each.name} | {_request(each)} | `{each.action}` | {each.status.value} |"
    yield ""


def _request(operation: Operation) -> str:
    asked = f"?{operation.subresource}" if operation.subresource else ""
    request = f"`{operation.method} {_PATHS[operation.resource]}{asked}`"
    return f"{request} with `{operation.header}`" if operation.header else request


_PATHS = {Resource.SERVICE: "/", Resource.BUCKET: "/bucket", Resource.OBJECT: "/bucket/key"}


if __name__ == "__main__":
    PAGE.write_text(render(OPERATIONS), encoding="utf-8")
