"""Search in Chinese text, which has no spaces: its words are the pairs of its characters.

Sphinx's own class for Chinese finds no Chinese words without jieba, and splits texts with it but
not queries.
"""

import re

from sphinx.search.en import SearchEnglish


class ChineseSearch(SearchEnglish):
    """Words are pairs of neighbouring Chinese characters, and Latin words as in English."""

    lang = "zh"
    language_name = "English"  # of the stemmer
    js_splitter_code = r"""
var splitQuery = (query) => [...query.matchAll(/[\u4e00-\u9fff]+|[^\W_]+|_+/g)].flatMap(([run]) =>
  !/[\u4e00-\u9fff]/.test(run) || run.length < 2
    ? [run]
    : [...run].slice(1).map((character, index) => run[index] + character));
"""

    def split(self, input: str) -> list[str]:  # noqa: A002 - Sphinx names it
        """Split a text as `js_splitter_code` splits a query."""
        words: list[str] = []
        for run in re.findall(r"[\u4e00-\u9fff]+|[a-zA-Z0-9]+|_+", input):
            pairs = [run[at : at + 2] for at in range(len(run) - 1)]
            words += pairs if pairs and run[0] >= "\u4e00" else [run]
        return words
