"""A page in a browser that shows processed images behind rules."""

from __future__ import annotations

import pytest
from oss_emulator import Emulator
from playwright.sync_api import BrowserContext

from tests.unit.imaging.drawing import encode, quarters

pytestmark = pytest.mark.system

BUCKET = "examplebucket"

RULES = """<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer>
<RefererList><Referer>http://{}</Referer></RefererList></RefererConfiguration>"""

SHOW = """url => new Promise(resolve => {
    const image = new Image();
    image.onload = image.onerror = () => resolve(image.naturalWidth);
    image.src = url;
    document.body.append(image);
})"""


@pytest.mark.parametrize(("page", "status", "width"), [("shop", 200, 200), ("thief", 403, 0)])
def test_page_shows_a_thumbnail_if_the_rules_allow_it(
    tabs: BrowserContext, elsewhere: int, page: str, status: int, width: int
) -> None:
    """R-39: `<img src="…?x-oss-process=image/resize,w_200">`"""
    with Emulator() as emulator:
        emulator.bucket(BUCKET, acl="public-read").session.session.close()
        emulator.put(f"/{BUCKET}/photo.jpg", encode(quarters(400, 300), "JPEG"))
        rules = RULES.format(f"shop.test:{elsewhere}")
        emulator.put(f"/{BUCKET}?referer", rules.encode())
        tab = tabs.new_page()
        tab.goto(f"http://{page}.test:{elsewhere}/gallery")
        url = f"{emulator.endpoint}/{BUCKET}/photo.jpg?x-oss-process=image/resize,w_200"
        assert tab.evaluate(SHOW, url) == width
        entry = emulator.journal[-1]
        assert (entry.status, entry.key) == (status, "photo.jpg")
        assert entry.decision is not None
        assert entry.decision.referer == f"http://{page}.test:{elsewhere}/"
