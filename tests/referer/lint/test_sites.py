"""Which pages belong to the sites that entries name."""

import pytest
from oss_referer.lint.risk import Sites

ENTRIES = ("https://www.example.com/", "https://*.shop.test/", "http://10.0.0.1/", "http://a:8080/")


@pytest.mark.parametrize(
    ("entry", "is_owned"),
    [
        ("https://www.example.com/", True),
        ("https://img.example.com/page", True),  # of the same registered domain
        ("https://example.com./", True),
        ("https://notexample.com/", False),
        ("https://example.com.evil.test/", False),
        ("https://com/", False),
        ("http://10.0.0.1/", True),
        ("http://x.10.0.0.1/", False),  # an address has no sub-domains
        ("http://a:9090/", True),
        ("http://b.a/", False),
        ("https://*.shop.test/", True),
        ("https://*shop.test/", False),  # notshop.test
        ("https://*.example.com/", False),  # its guard is missing
    ],
)
def test_pages_of_the_registered_domains_are_owned(entry: str, is_owned: bool) -> None:
    sites = Sites.of({one: [one] for one in ENTRIES})
    guard = ("https://*/*.shop.test/", "https://*/*shop.test/")
    assert sites.owns_all(entry, guard) is is_owned
    host = entry.partition("//")[2].partition("/")[0].partition(":")[0]
    if "*" not in host:
        assert any(own.owns(host) for own in sites.domains) is is_owned
