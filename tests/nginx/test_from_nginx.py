"""`valid_referers` as rules of OSS: decided as nginx does, with a warning of each difference."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from oss_emulator.lab.translation import losses
from oss_emulator.lab.translation.nginx import NginxRules
from oss_emulator.referer import RefererPolicy, Signing
from oss_emulator.toml import SourceError

from tests.nginx import random_conf
from tests.nginx.server import Request, answering, ask, listening
from tests.requirements import require

SEED = 13


def compare(folder: Path, count: int, per: int, seed: int = SEED) -> Counter[str]:
    """Ask nginx about random servers; fail for a difference that is not announced."""
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
    announced = {loss.theirs for loss in losses(rules, ours, opens=False, signed=False)}
    found = Counter({"warned": bool(announced)})
    for referer, theirs in verdicts.items():
        assert rules.allows(referer, Signing.NONE) == any(theirs), (text, referer)
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
    found = compare(tmp_path, 300, 30)
    assert found["compared"] > 9_000
    assert 1_500 < found["allowed"] < 7_000, "the Referers do not try both verdicts"
