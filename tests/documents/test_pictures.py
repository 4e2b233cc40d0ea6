"""QR codes as pictures, read back: zxing-cpp draws with zint and reads with code of its own."""

from __future__ import annotations

import io

import pytest
import zxingcpp
from lxml import etree
from PIL import Image

from klucznik.documents.view import pictures
from klucznik.errors import Unreadable
from sheets import KSEF_NUMBER, LINK, LONG_LINK

SVG = "{http://www.w3.org/2000/svg}"
LONGEST = "https://qr-test.ksef.mf.gov.pl/" + "a_B-9" * 154


def _drawn(svg: str, scale: int = 4) -> Image.Image:
    """The modules of the picture painted by hand: each run of dark ones is `Mx yhNv1h-Nz`."""
    root = etree.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    picture = Image.new("L", (int(width * scale), int(height * scale)), 255)
    dark = str(root.findall(f"{SVG}path")[1].attrib["d"])
    for run in dark.split("z")[:-1]:
        x, y = map(int, run[1 : run.index("h")].split())
        length = int(run[run.index("h") + 1 : run.index("v")])
        picture.paste(0, (x * scale, y * scale, (x + length) * scale, (y + 1) * scale))
    return picture


@pytest.mark.parametrize("link", [LINK, LONG_LINK, LONGEST], ids=len)
@pytest.mark.parametrize("label", ["", KSEF_NUMBER, "OFFLINE", "CERTYFIKAT"])
def test_a_code_is_read_back_from_svg_and_png(link: str, label: str) -> None:
    for picture in (
        _drawn(pictures.svg(link, label)),
        Image.open(io.BytesIO(pictures.png(link, label, scale=3))),
    ):
        read = zxingcpp.read_barcode(picture)
        assert read is not None
        assert (read.text, read.format) == (link, zxingcpp.BarcodeFormat.QRCode)
        assert read.ec_level == "M"


def test_the_quiet_zone_is_four_modules_on_each_side_label_or_none() -> None:
    for label in ("", KSEF_NUMBER):
        modules = 41  # version 6-M
        with Image.open(io.BytesIO(pictures.png(LINK, label, scale=5))) as picture:
            grey = picture.convert("L")
        assert grey.width == (modules + 8) * 5
        code = grey.crop((0, 0, grey.width, grey.width))
        dark = code.point(lambda level: 255 if level < 128 else 0).getbbox()
        assert dark == (20, 20, 20 + modules * 5, 20 + modules * 5)


def test_modules_are_crisp() -> None:
    with Image.open(io.BytesIO(pictures.png(LINK, scale=4))) as picture:
        assert {level for _, level in picture.convert("L").getcolors() or ()} == {0, 255}


def test_the_label_stands_inside_the_picture_below_the_code() -> None:
    root = etree.fromstring(pictures.svg(LINK, KSEF_NUMBER))
    [text] = root.findall(f"{SVG}text")
    assert text.text == KSEF_NUMBER
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert width < float(text.attrib["y"]) < height
    with (
        Image.open(io.BytesIO(pictures.png(LINK))) as bare,
        Image.open(io.BytesIO(pictures.png(LINK, KSEF_NUMBER))) as labelled,
    ):
        assert labelled.height > bare.height == bare.width
        below = labelled.convert("L").crop((0, bare.height, labelled.width, labelled.height))
    box = below.point(lambda level: 255 if level < 128 else 0).getbbox()
    assert box is not None
    left, _, right, bottom = box
    assert left > 0
    assert right < below.width
    assert bottom < below.height
    assert right - left > below.width / 2


def test_a_label_is_text_and_never_markup() -> None:
    root = etree.fromstring(pictures.svg(LINK, '</text><script>x</script>"&\u202e'))
    assert [child.tag for child in root] == [f"{SVG}path", f"{SVG}path", f"{SVG}text"]
    assert root[2].text == '</text><script>x</script>"&[U+202E]'


def test_a_link_no_code_holds_is_refused_with_its_length() -> None:
    with pytest.raises(Unreadable, match="3000"):
        pictures.svg("h" * 3000)


def test_the_same_link_gives_the_same_bytes() -> None:
    assert pictures.png(LINK, "OFFLINE") == pictures.png(LINK, "OFFLINE")
    assert pictures.png(LINK, "OFFLINE") != pictures.png(LINK, "CERTYFIKAT")
