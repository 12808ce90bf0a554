"""Watermarks: texts and images drawn over an image."""

from collections.abc import Callable, Mapping
from typing import Final

from PIL import Image, ImageColor, ImageDraw, ImageFont

from oss_emulator.imaging.geometry import anchor
from oss_emulator.imaging.picture import Picture
from oss_emulator.protocol.process import ImageAction, font_of

DEFAULT_SIZE: Final = 40
_MARGIN: Final = 10
_MAX_TEXT: Final = 4096
"""Maximum width of a rotated text in pixels; rotation needs memory for its square."""
_MAX_LINE: Final = 16_384
"""Maximum width of any other text in pixels."""

_FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "wqy-zenhei": ("wqy-zenhei.ttc",),
    "wqy-microhei": ("wqy-microhei.ttc",),
    "droidsansfallback": ("DroidSansFallback.ttf", "DroidSansFallbackFull.ttf"),
}
"""The possible files of each font."""

Prepare = Callable[[str, tuple[int, int]], Image.Image]
"""Returns the image of a watermark for an image of a size."""


def apply(picture: Picture, action: ImageAction, prepare: Prepare) -> Picture:
    """Draw a text, an image or both over each frame."""
    layer = _layer(action, picture.size, prepare)
    opacity = action.numbers.get("t", 100)
    if opacity < 100:
        layer.putalpha(layer.getchannel("A").point(lambda value: value * opacity // 100))
    cover = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    if action.numbers.get("fill", 0) and "text" in action.words:
        _tile(cover, layer, (action.numbers.get("padx", 0), action.numbers.get("pady", 0)))
    else:
        _put(cover, layer, _position(action, picture.size, layer.size))

    def lay(frame: Image.Image) -> Image.Image:
        return Image.alpha_composite(frame.convert("RGBA"), cover).convert(frame.mode)

    return picture.map(lay)


def _layer(action: ImageAction, size: tuple[int, int], prepare: Prepare) -> Image.Image:
    """Draw the layer over the image: a text, an image, or both side by side."""
    layers = []
    if "image" in action.words:
        layers.append(prepare(action.words["image"], size).convert("RGBA"))
    if "text" in action.words:
        layers.append(_write(action))
    if len(layers) == 1:
        return layers[0]
    if action.numbers.get("order", 0) == 1:
        layers.reverse()
    gap, align = action.numbers.get("interval", 0), action.numbers.get("align", 2)
    height = max(layer.size[1] for layer in layers)
    width = sum(layer.size[0] for layer in layers) + gap
    joined = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    left = 0
    for layer in layers:
        _put(joined, layer, (left, (height - layer.size[1]) * align // 2))
        left += layer.size[0] + gap
    return joined


def _write(action: ImageAction) -> Image.Image:
    """Draw the text of a watermark on a transparent background."""
    numbers = action.numbers
    size = numbers.get("size", DEFAULT_SIZE)
    text = " ".join(action.words["text"].splitlines())
    font = _font(font_of(action), size)
    shadow = numbers.get("shadow", 0)
    offset = max(1, size // 20) if shadow else 0
    left, top, right, bottom = font.getbbox(text)
    width, height = max(1, int(right - left)) + offset, max(1, int(bottom - top)) + offset
    angle = numbers.get("rotate", 0) % 360
    width = min(width, _MAX_TEXT if angle else _MAX_LINE)
    layer = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    red, green, blue = ImageColor.getrgb(f"#{action.words.get('color', '000000')}")[:3]
    if shadow:
        draw.text((offset - left, offset - top), text, (0, 0, 0, shadow * 255 // 100), font)
        above = Image.new("RGBA", layer.size, (0, 0, 0, 0))
        ImageDraw.Draw(above).text((-left, -top), text, (red, green, blue, 255), font)
        layer.alpha_composite(above)
    else:
        draw.text((-left, -top), text, (red, green, blue, 255), font)
    return layer.rotate(-angle, Image.Resampling.BICUBIC, expand=True) if angle else layer


def _font(name: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the named font if the system has it, else Pillow's default font."""
    for file in _FILES.get(name, ()):
        try:
            return ImageFont.truetype(file, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _position(
    action: ImageAction, size: tuple[int, int], layer: tuple[int, int]
) -> tuple[int, int]:
    """Return the upper left corner of a watermark (Add watermarks, basic parameters)."""
    numbers = action.numbers
    column, row = anchor(action.words.get("g", "se"))
    x, y = numbers.get("x", _MARGIN), numbers.get("y", _MARGIN)
    left = (x, (size[0] - layer[0]) // 2, size[0] - layer[0] - x)[column]
    middle = (size[1] - layer[1]) // 2 + numbers.get("voffset", 0)
    return left, (y, middle, size[1] - layer[1] - y)[row]


def _put(ground: Image.Image, layer: Image.Image, place: tuple[int, int]) -> None:
    """Draw a layer on a background, without the parts outside it."""
    source = max(0, -place[0]), max(0, -place[1])
    if source[0] >= layer.size[0] or source[1] >= layer.size[1]:
        return
    target = max(0, place[0]), max(0, place[1])
    if target[0] >= ground.size[0] or target[1] >= ground.size[1]:
        return
    ground.alpha_composite(layer, target, source)


def _tile(ground: Image.Image, layer: Image.Image, gaps: tuple[int, int]) -> None:
    """Cover a background with copies of a layer, with gaps of these pixels between them."""
    width, height = min(layer.size[0], ground.size[0]), min(layer.size[1], ground.size[1])
    ground.alpha_composite(layer.crop((0, 0, width, height)))
    done = layer.size[0] + gaps[0]
    while done < ground.size[0]:
        strip = ground.crop((0, 0, min(done, ground.size[0] - done), layer.size[1]))
        ground.paste(strip, (done, 0))
        done *= 2
    done = layer.size[1] + gaps[1]
    while done < ground.size[1]:
        strip = ground.crop((0, 0, ground.size[0], min(done, ground.size[1] - done)))
        ground.paste(strip, (0, done))
        done *= 2
