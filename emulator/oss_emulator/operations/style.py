"""Images of a bucket: named styles, their separators in paths, and protected originals.

Source: PutStyle, `setBucketProcess` of the Java SDK, and Configure source image protection.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from oss_emulator.operations.call import Call
from oss_emulator.operations.document import Documents, document, simple
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import dates, headers, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response

_NAME: Final = re.compile(r"[0-9A-Za-z_.-]{1,64}")

STYLE: Final = simple("""
GET DELETE /bucket?style&styleName Style enforced id=Style
absent: NO_SUCH_STYLE
Style
  Content? text
""")


@answers("PUT /bucket?style&styleName", "PutStyle")
def put_style(call: Call) -> Response:
    """Add or replace a style; raises `InvalidArgument` for its name or content."""
    query, (stored_as, _) = call.request.query, STYLE.named(call)
    name = query["styleName"]
    if not _NAME.fullmatch(name):
        message = "The name of a style must have 1 to 64 letters, digits and the characters _.-."
        raise headers.invalid_argument("styleName", name, message)
    content = STYLE.schema.parse(call.body.read()).text("Content")
    if not content:
        raise OSSError(ErrorCase.INVALID_STYLE_CONTENT)
    present, time = call.documents.get(stored_as), dates.format_http(call.request.received)
    created = time if present is None else xml.parse(present, "Style").text("CreateTime")
    style = [
        ("Name", name),
        ("Content", content),
        ("Category", query.get("category", "image")),
        ("CreateTime", created),
        ("LastModifyTime", time),
    ]
    call.keep(stored_as, STYLE.format(style))
    return Response()


@answers("GET /bucket?style", "ListStyle")
def list_style(call: Call) -> Response:
    """List all styles in the order of their creation (P-58)."""
    found = [text for name, text in call.documents.items() if name.startswith(STYLE.prefix)]
    return xml.respond(
        "StyleList", *(("Style", xml.parse(text, "Style").content) for text in found)
    )


def instructions(documents: Documents, name: str) -> str:
    """Return the instructions of a style, such as `image/resize,w_100`; raises `NoSuchStyle`."""
    stored = documents.get(STYLE.prefix + name)
    if stored is None:
        raise OSSError(ErrorCase.NO_SUCH_STYLE, Style=name)
    return xml.parse(stored, "Style").text("Content")


@document("""
PUT GET /bucket?processConfiguration BucketProcessConfiguration enforced
absent: CompliedHost=Both SourceFileProtect=Disabled SourceFileProtectSuffix= StyleDelimiters= \
OssDomainSupportAtProcess=Disabled Version=2
BucketProcessConfiguration
  CompliedHost? text =Both
  SourceFileProtect? Enabled|Disabled =Disabled
  SourceFileProtectSuffix? text
  StyleDelimiters? text
  OssDomainSupportAtProcess? Enabled|Disabled =Disabled
  Version? text =2
""")
def image_access(node: xml.Node, _: Call) -> xml.Value:
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


def access_of(documents: Documents) -> ImageAccess:
    """Return the configuration of a bucket; without one nothing is protected."""
    return _parse(documents.get(image_access.subresource))


@lru_cache(1024)
def _parse(stored: bytes | None) -> ImageAccess:
    if stored is None:
        return ImageAccess()
    node = xml.parse(stored, image_access.schema.name)
    suffixes: tuple[str, ...] = ()
    if node.text("SourceFileProtect") == "Enabled":
        listed = node.text("SourceFileProtectSuffix").split(",")
        names = [name.strip().lstrip(".") for name in listed if name.strip()]
        suffixes = tuple(name if name == "*" else f".{name}" for name in names)
    separators = node.text("StyleDelimiters").replace(",", "").replace(" ", "")
    return ImageAccess(suffixes, separators)
