"""The pages of the embed test, at hosts below `embed.localhost`: they embed one object.

No bucket has such a host, because its name would have a dot. Every path is the same page, so that
the address of the page can look like that of a real site.
"""

from html import escape
from typing import Final
from urllib.parse import quote

from oss_referer.browser.browser import ReferrerPolicy
from oss_referer.sources.account import is_bucket_name

from oss_emulator.control.console import EMBED_DOMAIN
from oss_emulator.protocol.message import Request, Response

MARK: Final = "embed-test"
"""The parameter of the embedded object that names the test and the number of the policy."""

POLICIES: Final = ("", *ReferrerPolicy)
"""The policies of the pages; the first sets none."""

_CSP: Final = "default-src 'none'; img-src http: https:"


def answer(request: Request) -> Response:
    """Make the page that embeds the object `show=BUCKET/KEY` for `test=RUN-NUMBER`."""
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": _CSP}
    bucket, _, key = request.query.get("show", "").partition("/")
    test = request.query.get("test", "")
    number = test.rpartition("-")[2]
    if not (is_bucket_name(bucket) and number.isascii() and number.isdigit()) or not key:
        return Response(400, headers, b"<!doctype html><title>Embed test</title>No object.")
    policy = POLICIES[int(number[:3]) % len(POLICIES)]
    if policy:
        headers["Referrer-Policy"] = policy
    scheme = "https" if request.secure else "http"
    host = f"{bucket}.localhost{request.host.partition(EMBED_DOMAIN)[2]}"
    url = escape(f"{scheme}://{host}/{quote(key)}?{MARK}={quote(test)}")
    title = escape(policy or "no policy")
    body = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<img src="{url}" alt="{escape(key)}"></html>\n'
    )
    return Response(200, headers, body.encode(errors="replace"))
