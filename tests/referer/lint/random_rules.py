"""Random rules of every shape that people write, and of many that nobody writes."""

from __future__ import annotations

from functools import cache
from random import Random

from oss_referer import RefererConfiguration, lint
from oss_referer.lint import Finding

SCHEMES = (
    ["https://"] * 8
    + ["http://"] * 5
    + [""] * 4
    + (
        "*:// *. * http*:// http?:// //  HTTPS:// https:/ https// http:\\\\ http: htps:// https:///"
        " http://https:// ftp:// mibrowser: https;// https https:// ? ^https?://"
    ).split(" ")
)
HOSTS = (
    "www.example.com example.com shop.example.com m.example.org www.example.com.cn 10.0.0.1 [::1]"
    " localhost intranet WWW.Example.com 例え.test xn--r8jz45g.test münchen.example a.example.net"
    " user:p@www.example.com user@example.org www..example.com -example.com exa_mple.com"
    " servicewechat.com oss.console.aliyun.com user.github.io"
    " bucket.oss-cn-hangzhou.aliyuncs.com ${var.domain} {{host}} www\\.example\\.com"
    " (www|img).example.com <your-domain> $DOMAIN evil.test www.evil.test example com w h"
).split(" ")
WILD = (
    "*.example.com *example.com *.github.io *.com.cn *.com www.*.com www.example.* * ? *.* *.*.*"
    " img*.example.com *-cdn.example.com www?.example.com ww*w.example.com *.a.*.example.com"
    " exa?ple.com *.example.com* www.example.com* 10.0.*.* 192.168.1.? *com *.例え.test"
    " *a*b*c* *.EXAMPLE.com *.localhost *.internal ***.example.com *.*.example.com */*.example.com"
).split(" ")
PORTS = [""] * 12 + ":443 :80 :8080 :8443 :99999 :0 :* :80* :abc :".split(" ")
PATHS = (
    ["/"] * 8
    + [""] * 8
    + (
        "/* /a /a/ /a/b.html /index.html?id=1 ?x=1 /?x #top /#/home / /*.jpg /** \\ /a,b /你好 /A/B"
        " /wx0123456789abcdef/ /*/*.example.com/ //"
    ).split(" ")
)
WRAPS = ["{}"] * 30 + [
    '"{}"', "'{}'", " {}", "{} ", "\t{}\n", "“{}”", "{},", ",{}", "{};", "`{}`", "^{}$", "<{}>",
    "{}\n{}", "{},{}", "{} {}", "{};{}", "{}|{}", "({}|{})", "\u200b{}", "\u3000{}", "{}\x00",
]  # fmt: skip
NOISE = "/:.*?,;\"' \n\t#@[]{}()|\\^$%&=+-_~aA0例é\u202e\U0001f600"
BLANKS = ["", " ", "\n", "\t "]


def seeded(seed: int) -> Random:
    """Return a source of the same random values for each seed."""
    return Random(seed)  # noqa: S311


@cache
def findings(seed: int) -> tuple[Finding, ...]:
    """Return the findings on the rules of a seed."""
    return lint.lint(rules(seeded(seed))).found


def entry(random: Random) -> str:
    """Return a random entry."""
    kind = random.random()
    if kind < 0.03:
        return random.choice(BLANKS)
    if kind < 0.08:
        return "".join(random.choices(NOISE, k=random.randrange(1, 12)))
    if kind < 0.11:
        return random.choice(["*", "http*", "https://", "http://", "h", "http", "https://*", "?"])
    count = 2
    parts = [plain(random) for _ in range(count)]
    text = random.choice(WRAPS).format(*parts)
    if random.random() < 0.05:
        place = random.randrange(len(text) + 1)
        text = text[:place] + random.choice(NOISE) + text[place:]
    return text


def plain(random: Random) -> str:
    """Return an entry made from a scheme, a host, a port and a path."""
    host = random.choice(HOSTS if random.random() < 0.7 else WILD)
    return "".join((random.choice(SCHEMES), host, random.choice(PORTS), random.choice(PATHS)))


def guard(random: Random) -> str:
    """Return a blacklist entry of the safe form for sub-domains."""
    scheme = random.choice(["https", "http"])
    return f"{scheme}://*/*{random.choice(['.example.com/', '.example.com.cn/', '.github.io/'])}"


def rules(random: Random, most: int = 6) -> RefererConfiguration:
    """Return random rules with at most `most` entries in each list."""
    white = [entry(random) for _ in range(random.randrange(most))]
    black = [
        guard(random) if random.random() < 0.15 else entry(random)
        for _ in range(random.choice([0, 0, random.randrange(most)]))
    ]
    if white and random.random() < 0.15:
        white.append(random.choice(white))
    if white and black and random.random() < 0.1:
        black.append(random.choice(white))
    return RefererConfiguration(
        random.random() < 0.5,
        random.random() < 0.8,
        random.random() < 0.2,
        tuple(white),
        tuple(black),
    )
