"""Photos made on the fly, with exactly the properties that a test is about."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin

from passerby.media import MOVING, MovingSink, MovingSource, PhotoSink, PhotoSource, probe
from passerby.media.card import Card, output_container
from passerby.media.photo import PhotoFrame

NEEDLE = "Zarathustra"
SUFFIXES = (".jpg", ".png", ".webp", ".tiff", ".gif", ".bmp", ".heic", ".avif")
PLACES = ("utf-8", "utf-16-le", "utf-16-be")


def smooth(width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 3 % 256, y * 5 % 256, (x + y) * 2 % 256], -1).astype(np.uint8)


def noise(seed: int = 0, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def save(path: Path, image: Image.Image | None = None, **options: Any) -> Path:
    """`image`, by default a smooth one, in the format of the suffix."""
    image = image or Image.fromarray(smooth())
    if path.suffix == ".heic":
        pillow_heif.from_pillow(image).save(path, quality=-1, chroma=444, **options)
    else:
        if path.suffix == ".jpg":
            options = {"quality": 95, "subsampling": "4:4:4", **options}
        image.save(path, **options)
    return path


def deep_heic(path: Path) -> Path:
    """Ten bits a sample."""
    wide = (smooth().astype(np.uint16) << 8).tobytes()
    pillow_heif.from_bytes("RGB;16", (64, 48), wide).save(path, quality=95, chroma=444)
    return path


def deep_png(path: Path, samples: NDArray[np.uint16]) -> Path:
    """Sixteen bits a sample, written chunk by chunk: Pillow has no such pictures."""
    height, width, bands = samples.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    head = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[bands], 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*c) for c in chunks))
    return path


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def pages(path: Path, sizes: list[tuple[int, int]], **tags: Any) -> Path:
    made = [Image.fromarray(noise(i, *size)) for i, size in enumerate(sizes)]
    made[0].save(path, save_all=True, append_images=made[1:], **tags)
    return path


def moving(path: Path, count: int = 4, **options: Any) -> Path:
    made = [Image.fromarray(noise(i)) for i in range(count)]
    options = {"duration": 100, "loop": 0, **options}
    if path.suffix == ".webp":
        options = {"lossless": True, **options}
    made[0].save(path, save_all=True, append_images=made[1:], **options)
    return path


def exif(**more: Any) -> Image.Exif:
    """Names, a place, a serial number and a maker's own notes, each with the needle."""
    made = Image.Exif()
    made[ExifTags.Base.Artist] = NEEDLE
    made[ExifTags.Base.XPAuthor] = NEEDLE.encode("utf-16-le")
    inner = made.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.BodySerialNumber] = NEEDLE
    inner[ExifTags.Base.MakerNote] = b"MKR\0" + NEEDLE.encode()
    place = made.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "N", (48.0, 51.0, 27.0)
    for name, value in more.items():
        made[ExifTags.Base[name]] = value
    return made


def xmp(extra: str = "") -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" dc:creator="{NEEDLE}" {extra}/>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()


# Colour profiles: red, green and blue of Display P3 and of sRGB, as a profile has them (D50).
P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))


def profile(colours: tuple[tuple[float, ...], ...] = P3, gamma: float = 2.2) -> bytes:
    """A colour profile whose description names a device: the needle."""

    def xyz(values: tuple[float, ...]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    text = NEEDLE.encode() + b"\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = {
        b"desc": described + bytes(-len(described) % 4),
        b"cprt": b"text\0\0\0\0none" + bytes(4),
        b"wtpt": xyz((0.9642, 1.0, 0.8249)),
        **dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(xyz, colours), strict=True)),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, body = struct.pack(">I", len(tags)), b""
    at = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", at + len(body), len(value))
        body += value
    head = struct.pack(
        ">I4sI4s4s4s", at + len(body), b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ "
    )
    head += struct.pack(">6H4s", 2020, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
    head += b"".join(struct.pack(">i", round(v * 65536)) for v in (0.9642, 1.0, 0.8249))
    return head.ljust(128, b"\0") + table + body


def segment(mark: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, mark, len(body) + 2) + body


def in_jpeg(path: Path, *pieces: bytes) -> Path:
    """Segments behind the start of a JPEG."""
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"".join(pieces) + data[2:])
    return path


def laden(path: Path) -> Path:
    """A photo with a needle in every place for notes that its format has, and behind its end."""
    secret = NEEDLE.encode()
    image = Image.fromarray(smooth())
    match path.suffix:
        case ".jpg":
            thumb = io.BytesIO()
            image.save(thumb, "JPEG")
            save(path, image, exif=exif(), comment=secret, xmp=xmp(), icc_profile=profile())
            resources = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", 16)
            resources += b"\x1c\x02\x50\0\x0b" + secret
            in_jpeg(
                path,
                segment(0xED, resources),
                segment(0xE2, b"MPF\0MM\0*\0\0\0\x08" + secret),
                segment(0xEC, b"Ducky" + secret),
            )
            path.write_bytes(path.read_bytes() + thumb.getvalue())
        case ".png":
            notes = PngImagePlugin.PngInfo()
            notes.add_text("Author", NEEDLE)
            notes.add_text("Comment", NEEDLE, zip=True)
            notes.add_itxt("Title", NEEDLE, zip=True)
            notes.add_itxt("XML:com.adobe.xmp", xmp().decode())
            notes.add(b"tIME", struct.pack(">HBBBBB", 2020, 1, 2, 3, 4, 5))
            save(path, image, exif=exif(), pnginfo=notes, icc_profile=profile())
        case ".webp":
            save(path, image, exif=exif(), xmp=xmp(), icc_profile=profile(), lossless=True)
        case ".tiff":
            tags = TiffImagePlugin.ImageFileDirectory_v2()
            tags[ExifTags.Base.Artist], tags[ExifTags.Base.Software] = NEEDLE, NEEDLE
            tags[700] = xmp()
            tags.tagtype[700] = 1
            save(path, image, tiffinfo=tags, icc_profile=profile(), compression="tiff_lzw")
        case ".gif":
            save(path, image.quantize(64), comment=secret)
        case ".heic":
            save(path, image, exif=exif().tobytes(), xmp=xmp(), icc_profile=profile())
        case ".avif":
            save(path, image, exif=exif(), xmp=xmp(), icc_profile=profile(), quality=95)
        case _:
            save(path, image)
    if path.suffix not in (".tiff", ".heic", ".avif"):
        path.write_bytes(path.read_bytes() + b"\0ftypmp42" + secret)
    return path


def source(card: Card) -> PhotoSource | MovingSource:
    return MovingSource(card) if card.kind == "video" else PhotoSource(card)


def frames(path: Path) -> list[PhotoFrame]:
    return list(source(probe(path)).frames())


def through(path: Path, suffix: str = "", **options: Any) -> Path:
    """Read and written again; `suffix` if it is to be another format than the default."""
    card = probe(path)
    found, kind = output_container(card)
    if suffix:
        found, kind = suffix, {".jpg": "jpeg"}.get(suffix, suffix[1:])
    moves = card.kind == "video" and card.container in MOVING
    out = path.with_name(f"out{found}")
    sink = (MovingSink if moves else PhotoSink)(out, card, output_format=kind, **options)
    for frame in source(card).frames():
        sink.write(frame)
    sink.close()
    return out


def everything(data: bytes) -> list[bytes]:
    """The bytes of a file and what any compressed part of them holds."""
    parts, at = [data], 0
    while (at := data.find(b"\x78", at)) >= 0:
        with suppress(zlib.error):
            parts.append(zlib.decompressobj().decompress(data[at:], 1 << 20))
        at += 1
    return parts


def needles(path: Path, needle: str = NEEDLE) -> bool:
    """Is the needle anywhere in the file, in any spelling?"""
    return any(needle.encode(c) in p for p in everything(path.read_bytes()) for c in PLACES)
