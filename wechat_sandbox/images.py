"""Pictures the sandbox makes: codes, and a photo as a phone would take it."""

import io

import qrcode
from PIL import Image, ImageDraw, ImageFilter

GPS_IFD = 0x8825
Rational = tuple[float, float, float]


def qr_image(content: str, *, size: int = 430, form: str = "JPEG", colour: str = "black") -> bytes:
    """A QR code of that size in pixels."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    code.add_data(content)
    code.make(fit=True)
    image = code.make_image(fill_color=colour, back_color="white").get_image().convert("RGB")
    out = io.BytesIO()
    image.resize((size, size), Image.Resampling.NEAREST).save(out, form, quality=95)
    return out.getvalue()


def decode_qr(data: bytes) -> str | None:
    """The text in a picture of a QR code.

    Raises:
        ModuleNotFoundError: no decoder is installed here.
        ValueError: not a picture.
    """
    import zxingcpp  # an optional package: without it people paste the content instead

    try:
        image = Image.open(io.BytesIO(data)).convert("RGB")
    except OSError as error:
        raise ValueError("not a picture") from error
    found = zxingcpp.read_barcodes(image)
    return str(found[0].text) if found else None


def photo() -> bytes:
    """A JPEG of a broken street lamp at night, with camera name and GPS position in its EXIF."""
    image = Image.new("RGB", (960, 1280), (22, 30, 52))
    draw = ImageDraw.Draw(image)
    for y in range(1280):
        draw.line([(0, y), (960, y)], fill=(18 + y // 60, 26 + y // 48, 50 + y // 40))
    draw.ellipse([690, 120, 790, 220], fill=(232, 228, 205))
    draw.polygon([(0, 1280), (960, 1280), (620, 820), (400, 820)], fill=(58, 60, 66))
    draw.line([(505, 1270), (509, 840)], fill=(150, 150, 140), width=7)
    draw.rectangle([0, 640, 300, 860], fill=(30, 34, 44))
    draw.polygon([(-20, 650), (150, 540), (320, 650)], fill=(40, 40, 48))
    draw.rectangle([90, 720, 150, 780], fill=(214, 176, 96))
    draw.rectangle([700, 330, 716, 1010], fill=(92, 96, 104))
    draw.line([(708, 340), (560, 310)], fill=(92, 96, 104), width=12)
    draw.polygon([(520, 300), (600, 300), (580, 340), (540, 340)], fill=(70, 72, 78))
    draw.line([(548, 340), (566, 372), (552, 396)], fill=(70, 72, 78), width=4)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "HUAWEI", "nova 9"
    latitude: Rational = (30.0, 8.0, 41.5)
    longitude: Rational = (120.0, 29.0, 12.8)
    exif[GPS_IFD] = {1: "N", 2: latitude, 3: "E", 4: longitude}
    out = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(0.8)).save(out, "JPEG", quality=85, exif=exif)
    return out.getvalue()


def voice() -> bytes:
    """Two seconds of silence as AMR narrow band: header, then 100 empty frames."""
    return b"#!AMR\n" + b"\x7c" * 100


def as_jpeg(data: bytes) -> bytes:
    """A picture as WeChat hands it on: always JPEG; one that is JPEG already keeps its bytes and EXIF.

    Raises:
        ValueError: not a picture.
    """
    try:
        image = Image.open(io.BytesIO(data))
        if image.format == "JPEG":
            return data
        out = io.BytesIO()
        image.convert("RGB").save(out, "JPEG", quality=88)
    except OSError as error:
        raise ValueError("not a picture") from error
    return out.getvalue()
