"""QR codes as pictures: ISO/IEC 18004, error correction M, a quiet zone of four modules.

Rule: qr-offline.md section 2. The label under the code is its KSeF number, `OFFLINE` or `CERTYFIKAT`.
"""

from __future__ import annotations

from html import escape
from math import isqrt
from typing import Any

from klucznik.documents.view import fit, press
from klucznik.documents.view.plain import plain
from klucznik.errors import Unreadable
from klucznik.lang import tr

QUIET = 4

#: Black (0) is dark (1), white (255) light (0).
_DARK = bytes([1]) + bytes(255)


def _modules(link: str) -> list[bytes]:
    """The dark (1) and light (0) modules, without the quiet zone."""
    from zxingcpp import BarcodeFormat, create_barcode

    image: Any  # has the buffer protocol, whatever its stubs say
    try:
        image = create_barcode(link, BarcodeFormat.QRCode, ec_level="M").to_image(
            scale=1, add_quiet_zones=False
        )
    except ValueError as error:
        raise Unreadable(
            tr("No QR code can hold this link of ", "Żaden kod QR nie pomieści tego linku, liczba znaków: ")
            + tr(f"{len(link)} characters.", f"{len(link)}."),
            hint=tr("links of KSeF have at most about 800", "linki KSeF mają najwyżej około 800"),
        ) from error
    pixels = memoryview(image).tobytes().translate(_DARK)
    side = isqrt(len(pixels))
    return [pixels[at : at + side] for at in range(0, side * side, side)]


def _path(modules: list[bytes]) -> str:
    """One path for all: neighbours filled apart would show hairlines between them."""
    parts = []
    for y, row in enumerate(modules, QUIET):
        x = 0
        while (x := row.find(1, x)) >= 0:
            end = row.find(0, x)
            length = (end if end >= 0 else len(row)) - x
            parts.append(f"M{x + QUIET} {y}h{length}v1h-{length}z")
            x += length
    return "".join(parts)


def _drawn(link: str, label: str) -> tuple[str, float, float]:
    """The SVG with its width and height, one unit to a module."""
    modules = _modules(link)
    side = len(modules) + 2 * QUIET
    label = plain(label)
    below, height = "", float(side)
    if label:
        size = min(side / 12, (side - 4) / fit.em(label))
        height = round(side + size * 1.2, 2)
        below = (
            f'<text x="{side / 2:g}" y="{side + size * 0.7:.2f}" font-size="{size:.2f}" font-weight="700"'
            f' text-anchor="middle" font-family="Roboto, Arial, sans-serif">{escape(label)}</text>'
        )
    name = escape(f"QR {label}".strip())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {height:g}" role="img"'
        f' aria-label="{name}"><path fill="#fff" d="M0 0h{side}v{height:g}H0z"/>'
        f'<path shape-rendering="crispEdges" d="{_path(modules)}"/>{below}</svg>',
        side,
        height,
    )


def square(link: str) -> tuple[str, float]:
    """The code without a label as SVG, and its side in modules, the quiet zone with it."""
    drawn, side, _ = _drawn(link, "")
    return drawn, side


def svg(link: str, label: str = "") -> str:
    """The code as an SVG element, the label below it inside the picture.

    Errors: Unreadable, for a link longer than a code holds.
    """
    return _drawn(link, label)[0]


def png(link: str, label: str = "", scale: int = 6) -> bytes:
    """The same picture as PNG, `scale` pixels to a module."""
    drawn, width, height = _drawn(link, label)
    size = {"width": str(width), "height": str(height)}
    return press.run("picture.typ", {"svg": drawn} | size, "png", ppi=72 * scale)[0]
