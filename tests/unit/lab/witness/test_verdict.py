"""A browser is compared with its prediction: the request, its Referer and the decision."""

from __future__ import annotations

import pytest
from oss_emulator.lab.browser import Embedding, Sent
from oss_emulator.lab.url import WebURL
from oss_emulator.lab.witness.cells import Relation, plan
from oss_emulator.lab.witness.summary import SentReferer, summarize
from oss_emulator.lab.witness.verdict import Seen, compare
from oss_emulator.referer import RefererConfiguration, RefererPolicy

SITE = WebURL.parse("https://www.example.com/album/today.html")
BUCKET = WebURL.parse("https://examplebucket.oss-cn-hangzhou.aliyuncs.com/photo.jpg")
POLICY = RefererPolicy.compile(RefererConfiguration(False, whitelist=("https://www.example.com/",)))
IMG, *_ = plan(SITE, {Relation.CROSS_SITE: BUCKET})
ORIGIN = "https://www.example.com/"


def seen(scheme: str, referer: str | None) -> Seen:
    return Seen(Sent(scheme, referer), POLICY.decide(referer))


@pytest.mark.parametrize(
    ("requests", "agrees"),
    [
        ([seen("https", ORIGIN)], True),
        ([seen("https", ORIGIN), seen("https", None)], True),  # the first counts
        ([seen("http", ORIGIN)], False),
        ([seen("https", None)], False),
        ([seen("https", "https://www.example.com/album/today.html")], False),
        ([], False),
        ([Seen(Sent("https", ORIGIN), POLICY.decide(None))], False),  # decided differently
    ],
)
def test_request_agrees_with_its_prediction(requests: list[Seen], agrees: bool) -> None:
    assert IMG.element is Embedding.IMG
    (comparison,) = compare([IMG], {IMG.number: requests}, POLICY)
    assert comparison.agrees is agrees


def test_request_that_should_be_blocked_differs() -> None:
    (cell, *_) = (
        cell for cell in plan(SITE, {Relation.CROSS_SITE: BUCKET}) if cell.predicted is None
    )
    assert compare([cell], {}, POLICY)[0].agrees
    assert not compare([cell], {cell.number: [seen("https", None)]}, POLICY)[0].agrees


def test_summary_counts_equal_outcomes() -> None:
    cells = [cell for cell in plan(SITE, {Relation.CROSS_SITE: BUCKET}) if cell.policy is None][:2]
    comparisons = compare(cells, {cells[0].number: [seen("https", ORIGIN)]}, POLICY)
    ((nothing, one), (origin, other)) = summarize(comparisons)
    assert (nothing.kind, nothing.verdict, one) == (SentReferer.NOTHING, "", 1)
    assert (origin.kind, origin.verdict, other) == (SentReferer.ORIGIN, "allowed", 1)
