"""How clients are pointed at this server: a few lines for each, to copy."""

from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any, Final

from oss_referer.sources.toml import TomlDocument

_FILE: Final = Path(__file__).with_name("clients.toml")


@dataclass(frozen=True, slots=True)
class ClientSnippet:
    """The first lines of a program or configuration, with places for `$endpoint` and others."""

    name: str
    """The client, by the name of its package."""
    language: str
    text: str

    def fill_in(self, **values: str) -> dict[str, Any]:
        """Return the snippet as values for JSON, with its text filled in."""
        return {**asdict(self), "text": Template(self.text).substitute(values)}


SNIPPETS: Final[tuple[ClientSnippet, ...]] = TomlDocument.parse(_FILE.read_bytes()).convert(
    tuple[ClientSnippet, ...], "client"
)
"""One for each client; tests run those whose packages the other tests use."""
