"""Posters: a PNG with the title of a movie, in colours that follow from its external id.

There are tens of thousands of them in a large demo, so a poster has sixteen colours and is put together from words
that are drawn only once. Those of a large demo have a film's grain, so that they weigh what pictures weigh.
"""

from __future__ import annotations

import colorsys
import hashlib
import io
import unicodedata
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFont

from core.library.dice import Dice

POSTER_SIZE = (400, 600)
SMALL_POSTER_SIZE = (160, 240)
PICTURE_SIZE = (640, 360)

# The palette: three colours of the picture, then a ramp from the band behind the title to the letters.
_SKY, _SHAPE, _SHADE, _BAND = 0, 1, 2, 3
_RAMP = 12
_SHADES = 16  # how dark the grain makes a colour
_GRAIN_DARKENS = 0.3
_WORDS_KEPT = 4096
_LINE_SPACING = 1.25


_TO_SHADES = bytes(value % _SHADES for value in range(256))
_TO_COLOURS = bytes(value * _SHADES % 256 for value in range(256))


@dataclass(frozen=True, slots=True)
class _Word:
    picture: Image.Image
    width: int


class Painter:
    """Draws pictures of one size, and keeps the words that it has drawn."""

    def __init__(self, size: tuple[int, int], *, grain: bool = False) -> None:
        self.width, self.height = size
        self._has_grain = grain
        self._margin = max(4, self.width // 16)
        self._room = self.width - 2 * self._margin
        largest = max(12, min(size) // 8)
        self._font_sizes = sorted({max(9, largest * part // 8) for part in (8, 6, 5, 4, 3)}, reverse=True)
        self._fonts = {font_size: ImageFont.load_default(font_size) for font_size in self._font_sizes}
        self._words: dict[tuple[str, int], _Word] = {}

    def draw(self, title: str, key: str) -> bytes:
        """Return a PNG with `title`; its colours and shapes follow from `key`."""
        dice = Dice("poster", key)
        image = Image.new("P", (self.width, self.height), _SKY)
        palette = _palette(dice)
        font_size, lines = self.fit(title)
        line_height = round(font_size * _LINE_SPACING)
        band_top = self.height - 2 * self._margin - line_height * len(lines)
        draw = ImageDraw.Draw(image)
        self._draw_shapes(draw, dice, band_top)
        draw.rectangle((0, band_top, self.width, self.height), fill=_BAND)
        for number, line in enumerate(lines):
            self._write_line(image, line, font_size, band_top + self._margin + number * line_height)
        if self._has_grain:
            image, palette = self._grained(image, key, band_top), _shaded(palette)
        image.putpalette(palette)
        png = io.BytesIO()
        image.save(png, "PNG", compress_level=1)
        return png.getvalue()

    def _grained(self, image: Image.Image, key: str, bottom: int) -> Image.Image:
        """Return the picture, down to `bottom`, with each colour in shades that follow from the key."""
        grain = hashlib.shake_128(f"grain/{key}".encode()).digest(self.width * bottom).translate(_TO_SHADES)
        shades = Image.frombytes("L", image.size, grain + bytes(self.width * (self.height - bottom)))
        colours = Image.frombytes("L", image.size, image.tobytes().translate(_TO_COLOURS))
        return Image.frombytes("P", image.size, ImageChops.add(colours, shades).tobytes())

    def fit(self, title: str) -> tuple[int, list[str]]:
        """Return the largest size of letters at which `title` fits, and its lines; what is too long is cut off."""
        words = drawable(title).split()
        most_height = self.height * 2 // 3
        for font_size in self._font_sizes:
            lines = self._wrap(words, font_size)
            fits = all(self._line_width(line, font_size) <= self._room for line in lines)
            if fits and len(lines) * font_size * _LINE_SPACING <= most_height:
                return font_size, lines
        font_size = self._font_sizes[-1]
        lines = self._wrap([part for word in words for part in self._split(word, font_size)], font_size)
        return font_size, lines[: int(most_height / (font_size * _LINE_SPACING))]

    def _wrap(self, words: list[str], font_size: int) -> list[str]:
        lines: list[str] = []
        for word in words:
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self._line_width(longer, font_size) <= self._room:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def _split(self, word: str, font_size: int) -> list[str]:
        parts = [""]
        for letter in word:
            if self._fonts[font_size].getlength(parts[-1] + letter) > self._room:
                parts.append("")
            parts[-1] += letter
        return parts

    def _line_width(self, line: str, font_size: int) -> int:
        words = line.split()
        return sum(self._word(word, font_size).width for word in words) + _space(font_size) * (len(words) - 1)

    def _write_line(self, image: Image.Image, line: str, font_size: int, top: int) -> None:
        left = self._margin
        for text in line.split():
            word = self._word(text, font_size)
            image.paste(word.picture, (left, top))
            left += word.width + _space(font_size)

    def _word(self, text: str, font_size: int) -> _Word:
        """Return a word drawn in the colours of the ramp, on the band's colour."""
        kept = self._words.get((text, font_size))
        if kept is None:
            font = self._fonts[font_size]
            width = round(font.getlength(text))
            mask = Image.new("L", (max(1, width), round(font_size * _LINE_SPACING)))
            ImageDraw.Draw(mask).text((0, 0), text, fill=255, font=font)
            shades = mask.point([_BAND + level * _RAMP // 255 for level in range(256)]).tobytes()
            kept = _Word(Image.frombytes("P", mask.size, shades), width)
            if len(self._words) >= _WORDS_KEPT:
                self._words.clear()
            self._words[text, font_size] = kept
        return kept

    def _draw_shapes(self, draw: ImageDraw.ImageDraw, dice: Dice, bottom: int) -> None:
        """A sun or a moon over a range of hills."""
        radius = dice.between(self.width // 8, self.width // 4)
        x, y = dice.below(self.width), dice.between(self.height // 8, self.height // 3)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_SHAPE)
        steps = dice.between(3, 6)
        tops = [
            (self.width * step // steps, bottom - dice.between(self.height // 24, self.height // 4))
            for step in range(steps + 1)
        ]
        draw.polygon([(0, bottom), *tops, (self.width, bottom)], fill=_SHADE)


def drawable(text: str) -> str:
    """Return `text` in letters that the font has: without accents, and `?` for what is left."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return "".join(letter if letter.isascii() or letter == "·" else "?" for letter in plain)


def _space(font_size: int) -> int:
    return max(3, font_size // 4)


def _palette(dice: Dice) -> list[int]:
    hue = dice.below(360) / 360
    other = (hue + dice.between(90, 270) / 360) % 1
    band = _colour(hue, 0.16, 0.5)
    colours = [_colour(hue, 0.55, 0.45), _colour(other, 0.72, 0.6), _colour(hue, 0.32, 0.4)]
    ramp = [tuple(dark + (255 - dark) * step // _RAMP for dark in band) for step in range(_RAMP + 1)]
    return [level for colour in (*colours, *ramp) for level in colour]


def _shaded(palette: list[int]) -> list[int]:
    """Return the palette with all shades of each of its colours, from itself to the darkest."""
    shades = []
    for start in range(0, len(palette), 3):
        for shade in range(_SHADES):
            light = 1 - _GRAIN_DARKENS * shade / (_SHADES - 1)
            shades += [round(level * light) for level in palette[start : start + 3]]
    return shades


def _colour(hue: float, lightness: float, saturation: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)
