"""A local server that speaks the OSS protocol and enforces hotlink protection."""

__version__ = "0.1.0"
