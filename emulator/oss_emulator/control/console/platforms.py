"""Shared platforms: domains whose hosts are services of the platform, not of the sites on it.

An entry for `mp.weixin.qq.com` lets in articles there; `mail.qq.com` is no site of the same owner.
The source are the lists of <https://github.com/v2fly/domain-list-community>: the main domains in
`data/tencent`, `sina`, `baidu`, `zhihu`, `douban`, `xiaohongshu`, `facebook`, `instagram`,
`linkedin`, `threads`, `twitter`, `vk`, `quora` and `reddit`. Platforms that give each site a domain
of its own, such as github.io, are in the public suffix list.
"""

from typing import Final

from oss_referer.search.url import domain_of

PLATFORMS: Final = frozenset(
    """
    baidu.com douban.com facebook.com instagram.com linkedin.com qq.com quora.com reddit.com
    sina.cn sina.com sina.com.cn threads.com threads.net tieba.com twitter.com vk.com wechat.com
    weibo.cn weibo.com xiaohongshu.com zhihu.com
    """.split()
)
"""The registered domains of shared platforms."""


def owner_of(host: str) -> str:
    """Return the registered domain of a host; the host itself on a platform or without a domain."""
    domain = domain_of(host) or host
    return host if domain in PLATFORMS else domain
