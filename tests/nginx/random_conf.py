"""Random servers with `valid_referers`, and Referers made from them so that they match often."""

import random
import re
from collections.abc import Iterator

from tests.nginx.random_rules import vary

NAMES = (
    *("example.com", "*.example.com", ".example.com", "www.example.com", "www.example.*", "a.test"),
    *("*.org", ".a.test", "b.a.test", "*.a.test", "Example.ORG", "10.0.0.1", "a.test:8080", "_"),
    *("www.*", "*.com", "x", "xn--fsqu00a.test", "例子.test", "a_b.test", "-", "www.a.*"),
)
PATHS = ("", "", "", "/", "/a", "/a/", "/a/b.html", "/?x=1", "/A%20b", "/$x", "/*")
SERVER_NAMES = ("", "", "server_name a.test;", "server_name www.example.com *.a.test;",
    "server_name b.a.test x.test;", 'server_name "";')  # fmt: skip


def parameters(draw: random.Random) -> str:
    """Return the parameters of one `valid_referers`."""
    words = [draw.choice(NAMES) + draw.choice(PATHS) for _ in range(draw.choice((0, 1, 2, 3, 4)))]
    words += [word for word in ("none", "blocked", "server_names") if draw.random() < 0.3]
    return " ".join(draw.sample(words, len(words))) or "none"


def server(draw: random.Random) -> tuple[str, int]:
    """Return the contents of a server, and the number of its locations /0, /1 …"""
    own = f"valid_referers {parameters(draw)};" if draw.random() < 0.3 else ""
    locations = []
    for number in range(draw.choice((1, 1, 1, 2, 3))):
        inherits = own and (number == 0 or draw.random() < 0.3)
        rules = "" if inherits else f"valid_referers {parameters(draw)};"
        locations.append(f'location = /{number} {{ {rules} return 200 "$invalid_referer"; }}')
    parts = [draw.choice(SERVER_NAMES), own]
    return "\n".join([*draw.sample(parts, 2), *locations]), len(locations)


def referers(draw: random.Random, text: str, count: int) -> Iterator[str | None]:
    """Yield Referers: mostly hosts that occur in a server, changed a little."""
    yield from (None, "", "http://a.b", "http:///aaaa", "anything")
    hosts = re.findall(r"[\w.*-]+\.[\w.*-]+(?:/[^\s;\"]*)?", text)
    for _ in range(count - 5):
        host = draw.choice([*hosts, "evil.test", "b.test"])
        star = draw.choice(("a", "www", "b.c", "com"))
        filled = host.replace("*", star).removeprefix(".")
        scheme = draw.choice(("http://", "https://", "https://", "HTTPS://", ""))
        yield vary(draw, scheme + filled + draw.choice(("", "/", "/", "/a/b.html", ":8080/")))
