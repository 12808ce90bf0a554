"""The text of `x-oss-process`: actions on an image, a named style, and where to save the result.

This module handles only the text; the package `imaging` handles the pixels. docs/images.md lists
the sources of ranges, codes and ECs.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote

from oss_emulator.protocol.errors import ErrorCase, OSSError


class ImageAction(NamedTuple):
    """One valid action with its parameters."""

    name: str
    numbers: Mapping[str, int] = {}
    words: Mapping[str, str] = {}
    """Words, colours as `RRGGBB`, and decoded texts."""


class SaveAs(NamedTuple):
    """Where `sys/saveas` puts the result."""

    bucket: str
    """The bucket as sent, "" for the bucket of the source."""
    key: str


class Process(NamedTuple):
    """What a request asks for: actions, or a style that names them."""

    actions: tuple[ImageAction, ...] = ()
    style: str = ""
    save_as: SaveAs | None = None


class _Parameter(NamedTuple):
    kind: str
    """A range such as `1..100`, words such as `0|1`, `colour` or `base64`."""
    ec: str
    missing: str = ""
    """The EC of a parameter without a value; "" if such a parameter is ignored."""
    not_number: str = ""
    """The EC of a value that is not a number; "" if `ec` is used."""


_SNAPSHOT: Final = "video/snapshot"

_WHOLE: Final = ""
"""The name of a parameter that is a value without a key, as in `rotate,90`."""

_TABLE: Final = """
resize ?322
  m lfit|mfit|fill|pad|fixed 311
  w 1..16384 312
  h 1..16384 313
  l 1..16384 314
  s 1..16384 315
  p 1..1000 317
  P 1..100 -
  color colour 318
  limit 0..1 319
crop
  w 0..30000 225
  h 0..30000 226
  x 0..30000 -
  y 0..30000 -
  g nw|north|ne|west|center|east|sw|south|se 209
indexcrop
  x 1..30000 230
  y 1..30000 230 !224
  i 0..30000 229
circle
  r 1..4096 233
rounded-corners
  r 1..4096 237
auto-orient ?214
  * 0..1 215
rotate ?216
  * 0..360 217
blur
  r 1..50 241
  s 1..50 242
  g face|faces 0004-00000243
  p 1..999 0004-00000244
bright ?245
  * -100..100 246
contrast
  * -100..100 -
sharpen ?279
  * 50..399 280
interlace ?281
  * 0..1 282
quality ?307
  q 1..100 309
  Q 1..100 308
  * 1..100 310
format ?207
  * jpg|jpeg|png|webp|bmp|gif|tiff|heic|avif 206
watermark ?278
  text base64 257 ?258
  image base64 265
  type base64 250
  font base64 249
  color colour 254
  size 1..1000 256
  shadow 0..100 255
  rotate 0..360 272
  fill 0..1 274
  padx 0..4096 276
  pady 0..4096 277
  t 0..100 263
  g nw|north|ne|west|center|east|sw|south|se 260
  x 0..4096 262
  y 0..4096 264
  voffset -1000..1000 268
  order 0..1 269
  interval 0..1000 270
  align 0..2 271
info
average-hue
video/snapshot
  t 0..999999999 0053-00000101
  l 0..999999999 0053-00000102
  s 0..999999999 0053-00000103
  w 0..999999999 0053-00000104
  h 0..999999999 0053-00000105
  m fast 0053-00000106
  f jpg|png 0053-00000107
  ar auto|h|w 0053-00000108
"""
"""Actions, and below each its parameters: name, kind and EC.

Most ECs are shortened to their last digits; `-` is an unknown EC. `*` is a value without a key.
`?` precedes the EC of an action without a required parameter, or of a parameter without a value;
`!` precedes the EC of a value that is not a number.
"""


def _parse_table() -> tuple[dict[str, dict[str, _Parameter]], dict[str, str]]:
    parameters: dict[str, dict[str, _Parameter]] = {}
    missing: dict[str, str] = {}
    action = ""
    for line in _TABLE.strip().splitlines():
        found = line.split()
        marked = {text[0]: _ec(text[1:]) for text in found if text[0] in "?!"}
        if not line.startswith(" "):
            action = found[0]
            parameters[action], missing[action] = {}, marked.get("?", "")
            continue
        name, kind, ec = found[:3]
        key = _WHOLE if name == "*" else name
        parameters[action][key] = _Parameter(
            kind, _ec(ec), marked.get("?", ""), marked.get("!", "")
        )
    return parameters, missing


def _ec(number: str) -> str:
    if number == "-":
        return ""
    return number if "-" in number else f"0040-00000{number}"


_PARAMETERS, _MISSING = _parse_table()

ALONE: Final = frozenset({"info", "average-hue"})
"""The actions that answer with JSON and exclude other actions."""

FONTS: Final = frozenset(
    """
    wqy-zenhei wqy-microhei fangzhengshusong fangzhengkaiti fangzhengheiti fangzhengfangsong
    droidsansfallback
    """.split()
)
"""The fonts that a text watermark may name (Add watermarks)."""

PREPARING: Final = frozenset({"resize", "crop", "indexcrop", "rounded-corners", "rotate"})
"""The actions that may prepare an image watermark (Add watermarks)."""

MAX_BYTES: Final = 20 * 1024 * 1024
"""Bytes of an image that can be processed (Introduction of Image Processing, limits)."""

MAX_TEXT: Final = 64
"""Characters of a text watermark."""
MAX_IMAGES: Final = 3
"""Image watermarks of one request."""

_COLOUR: Final = re.compile(r"[0-9A-Fa-f]{6}")
_INTEGER: Final = re.compile(r"-?[0-9]{1,9}")


def parse_process(text: str, *, preparing: bool = False) -> Process:
    """Parse the value of `x-oss-process`; `preparing`: whether it prepares an image watermark.

    Raises `InvalidArgument`, `MissingArgument`, `BadRequest`, `NoSuchStyle` and `NotImplemented`.
    """
    instructions, bar, save = text.strip().partition("|")
    kind, _, rest = instructions.partition("/")
    save_as = _parse_save_as(save) if bar else None
    if kind == "style":
        if not rest:  # assumed to be answered like an unknown style
            raise OSSError(ErrorCase.NO_SUCH_STYLE, Style=rest)
        return Process(style=rest, save_as=save_as)
    if instructions.partition(",")[0] == _SNAPSHOT:
        _check_snapshot(instructions)
    if kind != "image":
        message = f"Processing of the kind {kind!r} is not emulated; image/ and style/ are."
        raise OSSError(ErrorCase.NOT_IMPLEMENTED, message)
    actions = tuple(_parse_actions(rest))
    for action in actions:
        if "P" in action.numbers and not preparing:  # only a watermark has an image below it
            raise _invalid("P", str(action.numbers["P"]))
    return Process(actions, save_as=save_as)


def parse_body(body: bytes, parameter: str = "x-oss-process") -> str:
    """Return the value of a parameter in the body of a POST, which may be percent-encoded (I-05).

    Raises `InvalidRequest` for an empty value and `MissingArgument` for another parameter.
    """
    name, _, value = unquote(body.decode("utf-8", "replace")).strip().partition("=")
    if name != parameter:
        message = f"The body must be {parameter}=<actions>."
        raise OSSError(ErrorCase.IMAGE_ARGUMENT_MISSING, message)
    if not value:
        raise OSSError(ErrorCase.PROCESS_EMPTY)
    return value


def parse_watermark(value: str) -> tuple[str, tuple[ImageAction, ...]]:
    """Parse an image watermark: the key of its object, and the actions that prepare it.

    Raises what `parse_process` raises, and `InvalidArgument` for what cannot prepare one: other
    actions, a style, and saving.
    """
    key, _, query = value.partition("?")
    name, _, text = query.partition("=")
    if not query:
        return key, ()
    if name != "x-oss-process":
        raise _invalid("image", value, "0040-00000265")
    for nested, ec in (("/watermark", "0040-00000373"), ("/info", "0040-00000374")):
        if nested in text:
            raise _invalid("image", value, ec)
    asked = parse_process(text, preparing=True)
    prepares = PREPARING.issuperset(action.name for action in asked.actions)
    if asked.style or asked.save_as is not None or not prepares:
        raise _invalid("image", value)
    return key, asked.actions


def _parse_actions(text: str) -> Iterator[ImageAction]:
    parts = [part for part in text.split("/") if part]
    if not parts:
        message = "Write an action after image/."
        raise OSSError(ErrorCase.IMAGE_ARGUMENT_MISSING, message, ec=_ec("212"))
    names = [part.partition(",")[0] for part in parts]
    for name in names:
        if name in ALONE and len(parts) > 1:
            message = f"The action {name} cannot be combined with other actions."
            raise OSSError(ErrorCase.IMAGE_REQUEST, message)
    images = 0
    for part in parts:
        action = _parse_action(part)
        images += "image" in action.words
        yield action
    if images > MAX_IMAGES:
        message = f"A request may have at most {MAX_IMAGES} image watermarks."
        raise OSSError(ErrorCase.WATERMARK, message, ec=_ec("026"))


def _parse_action(text: str) -> ImageAction:
    name, *values = text.split(",")
    known = _PARAMETERS.get(name)
    if known is None:
        raise _invalid("action", name, _ec("213"))
    numbers: dict[str, int] = {}
    words: dict[str, str] = {}
    if _WHOLE in known and len(known) == 1 and len(values) > 1:
        raise _invalid(name, ",".join(values), _ec("203"))
    if name == "resize" and {"w_0", "h_0"} <= set(values):
        raise _invalid("w", "0", _ec("321"))
    for value in values:
        key, value_of_key = _split(value, known)
        lacking = known.get(value.removesuffix("_"))
        if lacking is not None and lacking.missing:
            message = f"The parameter {value.removesuffix('_')} of {name} has no value."
            raise OSSError(ErrorCase.IMAGE_ARGUMENT_MISSING, message, ec=lacking.missing)
        parameter = known.get(key)
        if parameter is None:  # crop,r_1 in oss2's suite: unknown parameters are ignored
            continue
        read = _read(key or name, value_of_key, parameter)
        if isinstance(read, int):
            numbers[key] = read
        else:
            words[key] = read
    action = ImageAction(name, numbers, words)
    _check_complete(action)
    return action


def _split(value: str, known: Mapping[str, _Parameter]) -> tuple[str, str]:
    """Split `w_100` into key and value; a value without a key has the key ""."""
    key, underscore, rest = value.partition("_")
    if underscore and (key in known or _WHOLE not in known):
        return key, rest
    if _WHOLE in known or not underscore:
        return _WHOLE, value
    return key, rest


def _read(name: str, value: str, parameter: _Parameter) -> int | str:
    kind, ec = parameter.kind, parameter.ec
    if ".." in kind:
        least, most = map(int, kind.split(".."))
        if not _INTEGER.fullmatch(value):
            raise _invalid(name, value, parameter.not_number or ec)
        if not least <= int(value) <= most:
            raise _invalid(name, value, ec)
        return int(value)
    if kind == "base64":
        return _decode(name, value, ec)
    fits = bool(_COLOUR.fullmatch(value)) if kind == "colour" else value in kind.split("|")
    if not fits:
        raise _invalid(name, value, ec)
    return value


def _decode(name: str, value: str, ec: str) -> str:
    """Decode URL-safe base64; its padding and a `+` of plain base64 are allowed (I-05)."""
    text = value.rstrip("=").replace("+", "-")
    try:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
            raise ValueError(text)
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        message = "Input is not base64 decoding."  # Common errors
        raise OSSError(ErrorCase.IMAGE_REQUEST, message, ec=ec, Parameter=name) from None


def _check_snapshot(text: str) -> None:
    """Raise `InvalidArgument` for a bad parameter, before snapshots are refused as not emulated."""
    for value in text.split(",")[1:]:
        if "_" not in value:
            raise _invalid(_SNAPSHOT, value, "0053-00000109")
    _parse_action(text)


def _check_complete(action: ImageAction) -> None:
    """Raise `MissingArgument` or `InvalidArgument` for an action that cannot be carried out."""
    name, numbers, words = action
    if _WHOLE in _PARAMETERS[name] and not (numbers or words):
        message = f"The action {name} needs a value."
        raise OSSError(ErrorCase.IMAGE_ARGUMENT_MISSING, message, ec=_MISSING[name])
    needed = _NEEDED.get(name, frozenset())
    if needed and needed.isdisjoint({*numbers, *words}):
        message = f"The action {name} needs one of the parameters {', '.join(sorted(needed))}."
        raise OSSError(ErrorCase.IMAGE_ARGUMENT_MISSING, message, ec=_MISSING[name])
    if len(words.get("text", "")) > MAX_TEXT:
        raise _invalid("text", words["text"], _ec("259"))
    if name == "blur" and "g" in words:
        message = "Blurring only faces is not emulated; leave the parameter g out."
        raise OSSError(ErrorCase.NOT_IMPLEMENTED, message)
    font = font_of(action)
    if font not in FONTS:
        raise _invalid("type", font, _ec("251"))
    if "image" in words:
        parse_watermark(words["image"])


def font_of(action: ImageAction) -> str:
    """Return the name of the font of a text watermark; `font` is another name of `type`."""
    words = action.words
    return words.get("type", words.get("font", "wqy-zenhei")).strip()


_NEEDED: Final[Mapping[str, frozenset[str]]] = {
    "resize": frozenset({"w", "h", "l", "s", "p", "P"}),
    "indexcrop": frozenset({"x", "y"}),
    "circle": frozenset({"r"}),
    "rounded-corners": frozenset({"r"}),
    "blur": frozenset({"r", "s"}),
    "watermark": frozenset({"text", "image"}),
}


def _parse_save_as(text: str) -> SaveAs:
    """Parse `sys/saveas,o_<key>,b_<bucket>`; raises `InvalidArgument` and `BadRequest`."""
    name, *values = text.split(",")
    if name != "sys/saveas":
        raise _invalid("action", name, _ec("213"))
    pairs = dict(value.split("_", 1) for value in values if "_" in value)
    if not pairs.get("o"):
        raise OSSError(ErrorCase.IMAGE_ARGUMENT_MISSING, "sys/saveas needs the parameter o.")
    bucket = _decode("b", pairs["b"], "") if pairs.get("b") else ""
    return SaveAs(bucket, _decode("o", pairs["o"], ""))


def _invalid(name: str, value: str, ec: str = "") -> OSSError:
    message = f"The value: {value} of parameter: {name} is invalid."
    return OSSError(ErrorCase.IMAGE_ARGUMENT, message, ec=ec)
