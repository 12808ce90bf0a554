"""`valid_referers` as rules of OSS: the decisions of nginx, or a warning of the difference."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from oss_referer import RefererPolicy
from oss_referer.sources.toml import SourceError
from oss_referer.translate import losses
from oss_referer.translate.nginx import NginxRules

from tests.nginx import random_conf
from tests.nginx.server import Request, answering, ask, listening, refusal
from tests.requirements import require

SEED = 13


def compare(folder: Path, count: int, per: int, seed: int = SEED) -> Counter[str]:
    """Ask nginx about random servers; fail for a difference without a warning."""
    draw = random.Random(seed)  # noqa: S311
    servers: list[tuple[str, int, NginxRules]] = []
    while len(servers) < count:
        text, locations = random_conf.server(draw)
        try:
            servers.append((text, locations, NginxRules.parse(f"server {{ {text} }}")))
        except SourceError:
            continue  # `test_refused_documents_are_refused_by_nginx` is about these
    http = "\n".join(
        f"server {{ {listening(folder, f'socket{number}')} {text} }}"
        for number, (text, _, _) in enumerate(servers)
    )
    found: Counter[str] = Counter()
    with answering(require("nginx"), folder, f"server {{ {listening(folder)} }}\n{http}"):
        for number, (text, locations, rules) in enumerate(servers):
            items = list(random_conf.referers(draw, text, per))
            asked = [
                Request(f"/{place}", () if item is None else (item.encode(),))
                for item in items
                for place in range(locations)
            ]
            answers = iter(ask(folder / f"socket{number}", asked))
            verdicts = [[next(answers) == b"" for _ in range(locations)] for _ in items]
            found += judge(text, rules, dict(zip(items, verdicts, strict=True)))
    return found


def judge(text: str, rules: NginxRules, verdicts: dict[str | None, list[bool]]) -> Counter[str]:
    ours = rules.to_oss()
    policy = RefererPolicy.compile(ours)
    announced = {loss.theirs for loss in losses(rules, ours, opens=False)}
    found = Counter({"warned": bool(announced)})
    for referer, theirs in verdicts.items():
        assert rules.allows(referer) == any(theirs), (text, referer)
        allowed = policy.decide(referer).allowed
        found.update(allowed=allowed, compared=len(theirs))
        if not all(theirs) and allowed:
            assert False in announced, f"opens without a warning: {referer!r} {text}"
            found["opens"] += 1
        if any(theirs) and not allowed:
            assert announced, f"closes without a warning: {referer!r} {text}"
            found["closes"] += 1
    return found


def test_no_difference_is_silent(tmp_path: Path) -> None:
    found = compare(tmp_path, 90, 20)
    assert found["compared"] > 1_800
    assert 200 < found["allowed"] < 1_400, "the Referers do not reach both verdicts"


REFUSED = {
    "valid_referers none;": "nginx refuses them alone",
    "valid_referers none blocked;": "nginx refuses them alone",
    "valid_referers a.test A.test/x;": "conflicts with a name",
    "valid_referers a.test .a.test;": "conflicts with a name",
    "valid_referers *.a.test .a.test;": "conflicts with a name",
    "valid_referers www.* www.*/x;": "conflicts with a name",
    "server_name a.test; valid_referers server_names a.test;": "conflicts with a name",
    "valid_referers a.*.test;": "is not a name that nginx accepts",
    "valid_referers *.a.*;": "is not a name that nginx accepts",
    "valid_referers a..test;": "is not a name that nginx accepts",
    "valid_referers *a.test;": "is not a name that nginx accepts",
    f"valid_referers {'a' * 4_095};": "more than 4094 bytes",
    "valid_referers a.test": "} is not expected here",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_refused_documents_are_refused_by_nginx(text: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        NginxRules.parse(f"server {{ {text} }}")
    assert REFUSED[text] in error.value.sentence
    assert refusal(require("nginx"), tmp_path, f"server {{ {listening(tmp_path)} {text} }}") != ""


DECIDED = [
    ("valid_referers server_names;", "https://www.example.com/", False),
    ("valid_referers .example.org www.example.org/x/;", "https://www.example.org/y", False),
    ("valid_referers a.test:8080;", "http://a.test:8080/", False),
    ("valid_referers server_names; server_name a.test;", "http://a.test/", True),
    ("valid_referers *.b.test www.b.*/x;", "http://www.b.test/", True),
    ("valid_referers .b.test;", f"http://{'a' * 249}.b.test/", True),
    ("valid_referers .b.test;", f"http://{'a' * 250}.b.test/", False),
    ("valid_referers *.b.test;", "http://.b.test/", True),
    ("valid_referers www.b.*;", "http://www.b./", True),
]


def test_model_decides_as_nginx(tmp_path: Path) -> None:
    location = 'location = / { return 200 "$invalid_referer"; }'
    http = "\n".join(
        f"server {{ {listening(tmp_path, f'socket{number}')} {text} {location} }}"
        for number, (text, _, _) in enumerate(DECIDED)
    )
    with answering(require("nginx"), tmp_path, http):
        theirs = [
            ask(tmp_path / f"socket{number}", [Request("/", (referer.encode(),))]) == [b""]
            for number, (_, referer, _) in enumerate(DECIDED)
        ]
    ours = [NginxRules.parse(f"server {{ {text} }}").allows(item) for text, item, _ in DECIDED]
    assert ours == theirs == [allowed for *_, allowed in DECIDED]
