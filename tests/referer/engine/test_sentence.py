"""Sentences: texts that keep their template."""

from __future__ import annotations

import json

from oss_referer.engine.sentence import Sentence


def test_sentence_is_a_text_that_knows_its_template() -> None:
    said = Sentence("{} of {} entries", "1", Sentence("{} long", "{2}"))
    assert said == "1 of {2} long entries"
    assert (said.template, said.values) == ("{} of {} entries", ("1", "{2} long"))
    assert json.dumps(said) == '"1 of {2} long entries"'


def test_sentence_without_values_is_not_filled_in() -> None:
    assert Sentence("a {} b") == "a {} b"
