"""One word for one thing in Chinese: on the pages, in the console and on the command line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for pattern in (
        "*.zh-CN.md",
        "docs/zh/**/*.md",
        "examples/*.zh-CN.md",
        "fixtures/*/*.zh-CN.md",
        "emulator/oss_referer/texts/zh.toml",
        "tests/docs/zh/*.toml",
    )
    for path in sorted(ROOT.glob(pattern))
}

GLOSSARY = {
    "回放": r"重放",
    "还原": r"恢复",
    "附加依赖": r"附加组件|额外依赖|可选依赖|扩展 `",
    "根域名": r"基础域名|基域名",
    "凭证": r"凭据",
    "用例表": r"预期表|决策表|判定表|判断表",
    "响应": r"应答",
    "退出码": r"退出状态|返回码",
    "Bucket": r"存储空间|存储桶",
    "Object": r"对象(?!存储|级|锁定)",
}
"""The word for a thing, and other words for it, which are not used."""

OTHER_OBJECTS = (
    *("JSON 对象", "空对象", "比较对象", "配置对象", "核对的对象", "请求的对象"),
    *("发生了什么、对象", "文件是一个对象", "一个对象可以"),
)
"""Objects that are none of OSS: of JSON, of Python, or what something is about."""

STIFF = (
    "检查规则是否符合预期表",
    "没有被任何用例触及",
    "每次运行测试只启动",
    "客户端要求的请求",
    "真实的 OSS 服务核对过",
    "由最后一列中的测试针对",
    "由测试针对模拟器运行",
    "请求一到就会显示",
    "多到来不及看",
    "您的命令得到的环境变量",
    "所认识的 AccessKey",
)
"""Sentences that were translated word by word, and have been written again."""


@pytest.mark.parametrize("text", TEXTS)
def test_one_word_stands_for_one_thing(text: str) -> None:
    prose = re.sub("|".join(OTHER_OBJECTS), "", TEXTS[text])
    found = {
        word: match[0]
        for word, others in GLOSSARY.items()
        if (match := re.search(rf".{{0,12}}(?:{others}).{{0,12}}", prose))
    }
    assert found == {}


@pytest.mark.parametrize("text", TEXTS)
def test_stiff_sentences_do_not_come_back(text: str) -> None:
    assert [sentence for sentence in STIFF if sentence in TEXTS[text]] == []


def test_each_word_of_the_glossary_is_used() -> None:
    assert [word for word in GLOSSARY if not any(word in text for text in TEXTS.values())] == []
