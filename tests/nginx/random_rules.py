"""Random rules and Referers, made from the same pieces so that they match often."""

import random
from collections.abc import Iterator

from oss_referer import RefererConfiguration

SCHEMES = ("https://", "http://", "*://", "http*://", "", "HTTPS://", "*")
LABELS = ("www", "a", "img", "WWW", "*", "?", "w?w", "例子", "é", "x-y", "b*", "xn--fsqu00a")
DOMAINS = ("example.com", "example.com.cn", "a.test", "*.test", "EXAMPLE.com", "b.test", "10.0.0.1")
PORTS = ("", "", "", ":8080", ":*", ":443")
PATHS = (
    *("", "/", "/", "/a/", "/a/*", "/*/b", "/a?b", "/A%20b", "/%E4%BE%8B", "/例", "/$x;", "/{1}"),
    *("/a?x=1", "/'q'", '/"q"', "/a b", "/\\d+", "/(a|b)", "/[a]", "/~^a$", "#top", "/a*a*a*b"),
    *("/a#b", "/+", "/^", "/`", "/<>", "/@", "/,", "/\u202e", "/\U0001f600", "//", "/a//b"),
)
WHOLE = ("*", "?", "http*", "https://", "*a*", "*.*", "**", "*?*", "例", " ", "\t*", "https://?")


def entry(draw: random.Random) -> str:
    """Return a random entry."""
    if draw.random() < 0.08:
        return draw.choice(WHOLE)
    host = ".".join((*draw.choices(LABELS, k=draw.randrange(2)), draw.choice(DOMAINS)))
    text = draw.choice(SCHEMES) + host + draw.choice(PORTS) + draw.choice(PATHS)
    return f" {text} " if draw.random() < 0.05 else text


def configuration(draw: random.Random) -> RefererConfiguration:
    """Return random rules."""
    return RefererConfiguration(
        draw.random() < 0.5,
        draw.random() < 0.6,
        draw.random() < 0.25,
        tuple(entry(draw) for _ in range(draw.choice((0, 1, 1, 2, 3, 6)))),
        tuple(entry(draw) for _ in range(draw.choice((0, 0, 1, 2)))),
    )


def referers(draw: random.Random, rules: RefererConfiguration, count: int) -> Iterator[str | None]:
    """Yield Referers: mostly entries with filled wildcards, changed a little."""
    yield from (None, "")
    written = [text.strip() for text in (*rules.whitelist, *rules.blacklist)]
    for _ in range(count - 2):
        text = draw.choice(written) if written and draw.random() < 0.8 else entry(draw)
        yield vary(draw, fill(draw, text)).strip(" \t\r\n")


def fill(draw: random.Random, text: str) -> str:
    """Replace wildcards by random text."""
    some = ("", "a", "www", "a.b", "https", "evil.test/", "?", "例", "/", "xéx", "aaaab")
    one = ("a", "x", "例", "?", "/", ".", "é")
    filled = "".join(draw.choice(some) if item == "*" else item for item in text)
    return "".join(draw.choice(one) if item == "?" else item for item in filled)


def vary(draw: random.Random, text: str) -> str:
    """Change a Referer a little, or not."""
    changes = (
        lambda: text,
        lambda: text,
        lambda: f"{text}/",
        lambda: f"{text}/a/b.html?x=1#y",
        lambda: f"{text}.evil.test/",
        lambda: f"https://evil.test/{text}",
        lambda: f"https://evil.test/?{text}",
        lambda: f"https://evil.test/?{text.swapcase()}",
        lambda: text.replace("https", "http"),
        lambda: text.replace("http:", "https:"),
        lambda: text[: draw.randrange(len(text) + 1)],
        lambda: text.swapcase(),
        lambda: text.replace("/", ":8080/", 3),
        lambda: f"?{text}",
        lambda: f"/{text}",
    )
    return draw.choice(changes)()
