"""The entry to a website: which requests get an index page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from oss_emulator.documents.website import Visit
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.admission import Admission, Claimed
from oss_emulator.pipeline.service import Service
from oss_emulator.pipeline.website import WEBSITE, find_page
from oss_emulator.protocol.address import Target
from oss_emulator.storage import Bucket
from oss_referer import Signing

from tests.unit.pipeline.service import SETTINGS, ask

SERVICE = Service(SETTINGS)
PATH, OWN = "localhost", "site.localhost"
"""The host for path style, and the virtual host of the bucket."""

SITE = b"""<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix>
<SupportSubDir>true</SupportSubDir></IndexDocument></WebsiteConfiguration>"""


def bucket(documents: dict[str, bytes]) -> Bucket:
    return Bucket("site", "1", 0.0, "cn-hangzhou", documents=documents)


def find(
    key: str,
    method: str = "GET",
    host: str = OWN,
    signing: Signing = Signing.NONE,
    subresource: str = "",
    documents: dict[str, bytes] | None = None,
) -> tuple[str, Visit | None] | None:
    """Return the key of the page, and the visit if the request is anonymous."""
    resource = "object" if key else "bucket"
    operation = next(
        item
        for item in OPERATIONS
        if (item.method, item.resource, item.subresource) == (method, resource, subresource)
    )
    site = bucket({WEBSITE: SITE} if documents is None else documents)
    admission = Admission(
        ask(method, "/", host=host),
        "id",
        target=Target("site", key),
        operation=operation,
        record=site,
        claimed=Claimed(signing),
    )
    find_page(admission, SERVICE)
    if admission.target.key == key:
        return None if admission.visit is None else (key, admission.visit)
    return admission.target.key, admission.visit


@pytest.mark.parametrize(
    ("key", "host", "signing", "page"),
    [
        ("", OWN, Signing.NONE, "index.html"),
        ("", PATH, Signing.NONE, None),
        ("", OWN, Signing.HEADER, None),
        ("docs/", OWN, Signing.NONE, "docs/index.html"),
        ("docs/", PATH, Signing.NONE, "docs/index.html"),
        ("docs/", OWN, Signing.HEADER, "docs/index.html"),
        ("docs/", OWN, Signing.URL, "docs/index.html"),
        ("docs", OWN, Signing.NONE, "docs"),  # for its redirects and error pages
    ],
)
def test_folder_gets_its_index_page(
    key: str, host: str, signing: Signing, page: str | None
) -> None:
    for method in ("GET", "HEAD"):
        found = find(key, method, host, signing)
        assert (None if found is None else found[0]) == page
        if found is not None:
            assert (found[1] is None) == (signing is not Signing.NONE)


def test_visit_has_the_requested_key_and_the_root_of_the_site() -> None:
    for host, root in ((OWN, ""), (PATH, "/site")):
        found = find("docs/", host=host)
        assert found is not None
        assert found[1] is not None
        assert (found[1].key, found[1].root) == ("docs/", root)


@pytest.mark.parametrize(
    ("method", "subresource", "documents"),
    [("PUT", "", None), ("DELETE", "", None), ("GET", "acl", None), ("GET", "", {})],
)
def test_other_requests_get_no_page(
    method: str, subresource: str, documents: dict[str, bytes] | None
) -> None:
    assert find("docs/", method, subresource=subresource, documents=documents) is None


def test_request_without_a_bucket_gets_no_page() -> None:
    operation = next(item for item in OPERATIONS if item.name == "ListBuckets")
    admission = Admission(ask(host=PATH), "id", operation=operation)
    before = replace(admission)
    find_page(admission, SERVICE)
    assert admission == before
