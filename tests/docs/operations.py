"""Writes docs/operations.md from the table of operations: `make docs`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.not_emulated import NOT_EMULATED
from oss_emulator.operations.operation import Operation, Resource
from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.parameters import SUBRESOURCES

from tests.docs.fidelity import operation_of
from tests.recorded.test_recorded import RECORDING

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"

_ABOUT = """\
# Operations

English | [简体中文](zh/operations.md)

`make docs` writes this page from the code. Operations have the names of the
[OSS API reference](https://www.alibabacloud.com/help/en/oss/developer-reference/). The action is
what a policy must allow. The status says what the emulator does:

- *enforced*: the operation does what the service does.
- *kept*: the emulator validates, stores, returns and deletes the document as the service does, but
  the document has no effect.

The basis is the strongest evidence for the operation, in the terms of [fidelity.md](fidelity.md):

- *recorded*: answers of the service to this operation were recorded.
- *documented*: a help page of the service describes it.
- *asserted*: no such page was found; the suites or the code of the SDKs in parentheses call it.
- *assumed*: no source describes it.

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

_REFUSED = """\
## Operations that are not emulated

These operations get 501 `NotImplemented` with the name of the operation, or the service's answer
for a missing feature. An unknown access key is refused first. The signature is not checked, because
vectors and tables have other signatures.
"""

_ELSEWHERE = """\
Requests for {resource} come to `<region>.oss-{resource}.aliyuncs.com`, or to any endpoint from the
client of an SDK for {resource}, which names itself in the user agent:
"""

_NOT_EMULATED = """\
## Known sub-resources that are not emulated

The service and its SDKs use these sub-resources, and no operation above has them. They get 501,
whatever the method.
"""

# Operations without a help page, by name or request, and the SDKs that have them.
_ASSERTED = {
    "Go V1": """
        PutBucketResponseHeader GetBucketResponseHeader DeleteBucketResponseHeader GET?regionList
    """,
    "Go V1, oss2, Java": "PutAsyncFetchTask GetAsyncFetchTask",
    "Go V2": "GetDataPipelineConfiguration PutDataPipelineConfiguration",
    "Go V2, Python V2": "DoDataPipelineAction",
    "Go, oss2, Java, PHP": "AsyncProcessObject",
    "oss2": "DELETE?symlink",
    "oss2, Java": """
        PutBucketCallbackPolicy GetBucketCallbackPolicy DeleteBucketCallbackPolicy
        PutBucketStorageCapacity GetBucketStorageCapacity GetUserQosInfo
    """,
    "Python V2": """
        PutBucketStorageQuota GetBucketStorageQuota DeleteBucketStorageQuota
        PutVectorIndexFusion QueryVectorsFusion POST?MetaQuery&action
    """,
    "Python V2, PHP V2": "ListCloudBoxes",
    "": "HEAD?x-oss-process",  # assumed: I-02
}
_SUITES = {name: suites for suites, names in _ASSERTED.items() for name in names.split()}


def render(operations: Iterable[Operation]) -> str:
    """Return the page."""
    operations = tuple(operations)
    recorded = {operation_of(step.request) for each in RECORDING.scenarios for step in each.steps}
    lines = [_ABOUT]
    for resource in (Resource.SERVICE, Resource.BUCKET, Resource.OBJECT):
        here = [operation for operation in operations if operation.resource is resource]
        # The sort is stable: operations of one sub-resource stay in the order of the code.
        lines += [
            f"## {resource.value.title()} operations\n",
            "| Operation | Request | Action | Status | Basis |",
            "|---|---|---|---|---|",
            *(
                f"| {each.name} | {_request(each)} | `{each.action}` | {each.status.value} "
                f"| {'recorded' if each in recorded else _basis(each)} |"
                for each in sorted(here, key=_subresource)
            ),
            "",
        ]
    lines += [_REFUSED, *_refused(Resource.SERVICE, Resource.BUCKET)]
    for resource in (Resource.VECTORS, Resource.TABLES):
        lines += [_ELSEWHERE.format(resource=resource.value), *_refused(resource)]
    lines += [_NOT_EMULATED, ", ".join(f"`{name}`" for name in not_emulated(operations))]
    return "\n".join(lines) + "\n"


def _refused(*resources: Resource) -> Iterator[str]:
    yield "| Operation | Request | Answer | Basis |"
    yield "|---|---|---|---|"
    for each in NOT_EMULATED:
        if each.resource in resources:
            yield f"| {each.name} | {_request(each)} | {_answer(each)} | {_basis(each)} |"
    yield ""


def not_emulated(operations: Iterable[Operation]) -> list[str]:
    """Return the known sub-resources that no operation uses, in alphabetical order."""
    asked = {
        part.partition("=")[0]
        for operation in (*operations, *NOT_EMULATED)
        for part in operation.subresource.split("&")
    }
    return sorted(SUBRESOURCES - asked, key=str.lower)


def _subresource(operation: Operation) -> str:
    return operation.subresource.partition("&")[0].lower()


def _request(operation: Operation) -> str:
    asked = f"?{operation.subresource}" if operation.subresource else ""
    path = operation.path or _PATHS[operation.resource]
    request = f"`{operation.method} {path}{asked}`"
    return f"{request} with `{operation.header}`" if operation.header else request


def _answer(operation: Operation) -> str:
    assert operation.refusal is not None
    if operation.refusal is ErrorCase.NOT_IMPLEMENTED:
        return "501"
    return f"{operation.refusal.value.status} `{operation.refusal.value.code}`"


def _basis(operation: Operation) -> str:
    """Return the basis of an operation that was not recorded."""
    request = f"{operation.method}?{operation.subresource}"
    suites = _SUITES.get(request, _SUITES.get(operation.name))
    if suites is None:
        return "documented"
    return f"asserted ({suites})" if suites else "assumed"


_PATHS = {Resource.SERVICE: "/", Resource.BUCKET: "/bucket", Resource.OBJECT: "/bucket/key"}


if __name__ == "__main__":
    PAGE.write_text(render(OPERATIONS), encoding="utf-8")
