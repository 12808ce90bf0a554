"""How the images of a bucket are reached: protected originals, and separators of styles.

Source: `setBucketProcess` of the Java SDK, and Configure source image protection.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from oss_emulator.documents.document import Document, Documents, PutContext, parse_schema
from oss_emulator.protocol import headers, xml

_SCHEMA: Final = parse_schema("""
BucketProcessConfiguration
  CompliedHost? text =Both
  SourceFileProtect? Enabled|Disabled =Disabled
  SourceFileProtectSuffix? text
  StyleDelimiters? text
  OssDomainSupportAtProcess? Enabled|Disabled =Disabled
  Version? text =2
""")


def _validate(node: xml.Node, _: PutContext) -> xml.Value:
    """Sort the separators, and drop the suffixes if nothing is protected (I-07)."""
    host = node.text("CompliedHost")
    if host not in ("Img", "Both"):
        message = f"CompliedHost {host!r} is unknown; use Img or Both."
        raise headers.invalid_argument("CompliedHost", host, message)
    texts = {child.name: child.value.strip() for child in node}
    if texts["SourceFileProtect"] == "Disabled":
        texts["SourceFileProtectSuffix"] = ""
    separators = texts.get("StyleDelimiters", "").split(",")
    texts["StyleDelimiters"] = ",".join(sorted(each.strip() for each in separators))
    return list(texts.items())


DOCUMENT: Final = Document(
    "BucketProcessConfiguration",
    "processConfiguration",
    _SCHEMA,
    absent=(
        ("CompliedHost", "Both"),
        ("SourceFileProtect", "Disabled"),
        ("SourceFileProtectSuffix", ""),
        ("StyleDelimiters", ""),
        ("OssDomainSupportAtProcess", "Disabled"),
        ("Version", "2"),
    ),
    validate=_validate,
    deletable=False,
    enforced=True,
)


class ImageAccess(NamedTuple):
    suffixes: tuple[str, ...] = ()
    """The suffixes of keys whose originals are protected; `*` stands for all keys."""
    separators: str = ""
    """The characters that separate a key from the name of a style."""

    def protects(self, key: str) -> bool:
        """Whether anonymous requests can read the image with this key only through a style."""
        return any(suffix == "*" or key.endswith(suffix) for suffix in self.suffixes)

    def split(self, key: str) -> tuple[str, str] | None:
        """Split `photo.jpg!small` into key and style at the last separator; None without one."""
        place = max((key.rfind(separator) for separator in self.separators), default=-1)
        if place <= 0 or place == len(key) - 1:
            return None
        return key[:place], key[place + 1 :]


def find(documents: Documents) -> ImageAccess:
    """Return the configuration of a bucket; without one nothing is protected."""
    return _parse(documents.get(DOCUMENT.subresource))


@lru_cache(1024)
def _parse(document: bytes | None) -> ImageAccess:
    if document is None:
        return ImageAccess()
    node = xml.parse(document, _SCHEMA.name)
    suffixes: tuple[str, ...] = ()
    if node.text("SourceFileProtect") == "Enabled":
        listed = node.text("SourceFileProtectSuffix").split(",")
        names = [name.strip().lstrip(".") for name in listed if name.strip()]
        suffixes = tuple(name if name == "*" else f".{name}" for name in names)
    separators = node.text("StyleDelimiters").replace(",", "").replace(" ", "")
    return ImageAccess(suffixes, separators)
