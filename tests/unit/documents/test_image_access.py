"""The configuration of how images are reached."""

from __future__ import annotations

import pytest
from oss_emulator.documents import image_access
from oss_emulator.documents.image_access import ImageAccess

DOCUMENT = b"""<BucketProcessConfiguration><CompliedHost>Img</CompliedHost>
<SourceFileProtect>%s</SourceFileProtect>
<SourceFileProtectSuffix>jpg, .png</SourceFileProtectSuffix>
<StyleDelimiters>/,-</StyleDelimiters></BucketProcessConfiguration>"""


def test_configuration_is_read() -> None:
    name = image_access.DOCUMENT.subresource
    assert image_access.find({name: DOCUMENT % b"Enabled"}) == ImageAccess((".jpg", ".png"), "/-")
    assert image_access.find({name: DOCUMENT % b"Disabled"}) == ImageAccess((), "/-")
    assert image_access.find({}) == ImageAccess()


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("a.jpg-small", ("a.jpg", "small")),
        ("a/b-c", ("a/b", "c")),
        ("a-b/c", ("a-b", "c")),
        ("-small", None),
        ("a-", None),
        ("a.jpg", None),
    ],
)
def test_key_is_split_at_the_last_separator(key: str, parts: tuple[str, str] | None) -> None:
    assert ImageAccess((), "/-").split(key) == parts
