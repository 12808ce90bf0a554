"""Styles after a separator in the path, and protected originals."""

from __future__ import annotations

from io import BytesIO

import pytest
from oss_emulator.operations import OPERATIONS
from oss_emulator.pipeline import images
from oss_emulator.pipeline.service import Service
from PIL import Image

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SIGNERS, sign
from tests.unit.imaging.drawing import encode, quarters
from tests.unit.pipeline.service import PAGE, THIEF, ask, put, serve

STYLE = b"<Style><Content>image/resize,w_20</Content></Style>"


def configure(service: Service, protect: str, suffix: str, separators: str) -> None:
    """Put a configuration as the Java SDK does."""
    document = (
        "<BucketProcessConfiguration><CompliedHost>Img</CompliedHost>"
        f"<SourceFileProtect>{protect}</SourceFileProtect>"
        f"<SourceFileProtectSuffix>{suffix}</SourceFileProtectSuffix>"
        f"<StyleDelimiters>{separators}</StyleDelimiters>"
        "<OssDomainSupportAtProcess>Disabled</OssDomainSupportAtProcess>"
        "</BucketProcessConfiguration>"
    )
    put(service, "/public-bucket?processConfiguration", document.encode())


@pytest.fixture
def service() -> Service:
    service = serve()
    for key in ("photo.png", "photo.jpg", "a-small", "folder/photo.png"):
        put(service, f"/public-bucket/{key}", encode(quarters()))
    put(service, "/public-bucket?style&styleName=small", STYLE)
    return service


def width(service: Service, target: str) -> int:
    """Return the width of an image, 0 for an error."""
    response = service.handle(ask("GET", f"/public-bucket/{target}", {"Referer": PAGE}))
    assert isinstance(response.body, bytes)
    return Image.open(BytesIO(response.body)).size[0] if response.status == 200 else 0


@pytest.mark.parametrize(
    ("separators", "target", "expected"),
    [
        ("!", "photo.png!small", 20),
        ("/,-", "photo.png-small", 20),
        ("/,-", "folder/photo.png/small", 20),
        ("-", "photo.png!small", 0),
        ("!", "photo.png!none", 0),  # no such style
        ("!", "photo.png!", 0),
        ("-", "a-small", 200),  # an object with the whole key comes first
        ("", "photo.png!small", 0),
        ("!", "photo.png", 200),
        ("!", "photo.png!small?x-oss-process=style/small", 0),  # the style is a parameter
    ],
)
def test_style_follows_a_separator(
    service: Service, separators: str, target: str, expected: int
) -> None:
    configure(service, "Disabled", "", separators)
    assert width(service, target) == expected


def test_referer_counts_for_a_style_in_the_path(service: Service) -> None:
    configure(service, "Disabled", "", "!")
    request = ask("GET", "/public-bucket/photo.png!small", {"Referer": THIEF})
    assert service.handle(request).status == 403


def test_head_of_a_style_in_the_path_is_answered(service: Service) -> None:
    configure(service, "Disabled", "", "!")
    request = ask("HEAD", "/public-bucket/photo.png!small", {"Referer": PAGE})
    assert service.handle(request).status == 200


@pytest.mark.parametrize(
    ("suffix", "target", "allowed"),
    [
        ("png,jpg", "photo.png", False),
        (".png", "photo.png", False),
        ("*", "a-small", False),
        ("jpg", "photo.png", True),
        ("png", "photo.png?x-oss-process=image/resize,w_10", False),
        ("png", "photo.png?x-oss-process=style/small", True),
        ("png", "photo.png!small", True),
    ],
)
def test_protected_original_is_reached_by_a_style_only(
    service: Service, suffix: str, target: str, allowed: bool
) -> None:
    configure(service, "Enabled", suffix, "!")
    for method in ("GET", "HEAD"):
        request = ask(method, f"/public-bucket/{target}", {"Referer": PAGE})
        response = service.handle(request)
        assert response.status == (200 if allowed else 403)
        if not allowed:
            assert response.headers["x-oss-ec"] == "0040-00000031"


def test_referer_is_checked_before_the_protection(service: Service) -> None:
    configure(service, "Enabled", "png", "!")
    request = ask("GET", "/public-bucket/photo.png", {"Referer": THIEF})
    assert service.handle(request).headers["x-oss-ec"] == "0003-00000503"


def test_owner_reads_a_protected_original(service: Service) -> None:
    configure(service, "Enabled", "png", "!")
    request = ask("GET", "/public-bucket/photo.png")
    assert service.handle(request, caller=service.accounts.owner).status == 200


@pytest.mark.parametrize(
    ("name", "subresource", "processing"),
    [
        ("GetObject", "x-oss-process", True),
        ("HeadObject", "x-oss-process", True),
        ("GetObject", "", False),
        ("ProcessObject", "x-oss-process", False),
        ("GetObjectACL", "acl", False),
    ],
)
def test_operation_that_returns_a_processed_image(
    name: str, subresource: str, processing: bool
) -> None:
    """R-39"""
    (found,) = (item for item in OPERATIONS if (item.name, item.subresource) == (name, subresource))
    assert images.is_processing(found) is processing


@pytest.mark.parametrize("place", ["header", "url"])
def test_signature_reads_a_protected_original(service: Service, place: str) -> None:
    configure(service, "Enabled", "png", "!")
    auth = SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, fields = sign(auth, place, "GET", "public-bucket", "photo.png")
    request = ask("GET", target, {"Referer": PAGE, **dict(fields)})
    assert service.handle(request).status == 200


def test_protection_covers_the_reading_of_bytes_only(service: Service) -> None:
    configure(service, "Enabled", "png", "!")
    request = ask("HEAD", "/public-bucket/photo.png?objectMeta", {"Referer": PAGE})
    assert service.handle(request).status == 200
