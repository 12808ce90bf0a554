"""The page docs/operations.md, written from the table of operations.

`python -m tests.docs.operations`, or `make docs`, writes it.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.operation import Operation, Resource
from oss_emulator.protocol.parameters import SUBRESOURCES

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"

_HEAD = """\
# Operations

Made from the table in the code by `make docs`, not by hand. The names are those of the
[OSS API reference](https://www.alibabacloud.com/help/en/oss/developer-reference/). The action is
what a policy has to allow. An operation is *enforced*: it does what it says; or *kept*: what is put
is validated, answered again and deleted as by the service, and has no effect.

Anything else is answered with 501 `NotImplemented`, which names what was asked for.
"""

_NOT_EMULATED = """\
## Known and not emulated

Sub-resources of the service and its SDKs that no operation answers. With whatever method: 501.
"""


def render(operations: Iterable[Operation]) -> str:
    """The text of the page."""
    operations = tuple(operations)
    lines = [_HEAD]
    for resource in Resource:
        here = [operation for operation in operations if operation.resource is resource]
        # Stable: those of one sub-resource stay in the order of the code.
        lines += _table(resource, sorted(here, key=_subresource))
    lines += [_NOT_EMULATED, ", ".join(f"`{name}`" for name in not_emulated(operations)) + "."]
    return "\n".join(lines) + "\n"


def not_emulated(operations: Iterable[Operation]) -> list[str]:
    """The sub-resources that are known and that no operation asks for, in order."""
    asked = {
        part.partition("=")[0]
        for operation in operations
        for part in operation.subresource.split("&")
    }
    return sorted(SUBRESOURCES - asked, key=str.lower)


def _subresource(operation: Operation) -> str:
    return operation.subresource.partition("&")[0].lower()


def _table(resource: Resource, operations: Iterable[Operation]) -> Iterator[str]:
    yield f"## Of the {resource.value}\n"
    yield "| Operation | Request | Action | Status |"
    yield "|---|---|---|---|"
    for each in operations:
        yield f"| {each.name} | {_request(each)} | `{each.action}` | {each.status.value} |"
    yield ""


def _request(operation: Operation) -> str:
    asked = f"?{operation.subresource}" if operation.subresource else ""
    header = f" with `{operation.header}`" if operation.header else ""
    return f"`{operation.method} {_PATHS[operation.resource]}{asked}`{header}"


_PATHS = {Resource.SERVICE: "/", Resource.BUCKET: "/bucket", Resource.OBJECT: "/bucket/key"}


if __name__ == "__main__":
    PAGE.write_text(render(OPERATIONS), encoding="utf-8")
