"""Domains: hosts, ports, and what somebody registers."""

from __future__ import annotations

import pytest
from oss_referer.search.url import fixed_part, is_host, is_port, registered


@pytest.mark.parametrize(
    ("host", "part"),
    [
        ("www.example.com", "example.com"),
        ("www.example.com.cn", "example.com.cn"),
        ("com.cn", None),
        ("github.io", None),
        ("me.github.io", "me.github.io"),
        ("shop.internal", "shop.internal"),
        ("localhost", "localhost"),
        ("10.0.0.1", "10.0.0.1"),
        ("[::1]", "[::1]"),
    ],
)
def test_registered_part_of_a_host_is_found(host: str, part: str | None) -> None:
    assert registered(host) == part


@pytest.mark.parametrize(
    ("host", "fixed"),
    [
        ("www.example.com", "www.example.com"),
        ("*.example.com", "example.com"),
        ("img*.example.com", "example.com"),
        ("*example.com", "com"),
        ("www.*.com", "com"),
        ("www.example.*", None),
        ("ww?.example.com", "example.com"),
    ],
)
def test_labels_behind_the_last_wildcard_are_fixed(host: str, fixed: str | None) -> None:
    assert fixed_part(host) == fixed


def test_only_sendable_hosts_and_ports_are_accepted() -> None:
    sent = ["a.example", "xn--r8jz45g.test", "exa_mple.com", "10.0.0.1", "[::1]", "*.example.com"]
    assert all(map(is_host, sent))
    never = [
        "",
        "a..example",
        "-a.example",
        "a b",
        "A.example",
        "例え.test",
        "a" * 64,
        "a.example.",
    ]
    assert not any(map(is_host, never))
    assert all(map(is_port, ["1", "65535", "*", "80?"]))
    assert not any(map(is_port, ["65536", "99999", "a"]))
