"""Photos the whole way: what goes out depends on what is shown, and on nothing else."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.media.photo_rows import HEAD, KINDS, rows
from tests.media.photos import (
    NEEDLE,
    SUFFIXES,
    exif,
    frames,
    laden,
    moving,
    needles,
    noise,
    pages,
    save,
    smooth,
    xmp,
)

from passerby.core.errors import PasserbyError
from passerby.core.geometry import Box, Size
from passerby.core.schedule import Region, Style
from passerby.jobs import Settings, default_output, doors, footage, redact
from passerby.jobs.finders import Finder, Glance
from passerby.media import PhotoSource, probe
from passerby.verify import walk

from .films import USED
from .films import finder as knowing

LARGE, LARGE_SIZE = Image.fromarray(smooth(192, 144)), Size(192, 144)


@pytest.fixture(autouse=True)
def _finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """A finder that takes one place of every picture for a face."""

    def found(*_: object) -> Finder:
        glance = Glance("face", lambda frame: [(Box(20, 12, 44, 36), 0.9)])
        return Finder((glance,), 0, lambda: (USED,))  # type: ignore[arg-type]  # as much of one as is asked for

    monkeypatch.setattr(footage, "photo_finder", found)
    monkeypatch.setattr(footage, "video_finder", knowing())


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A finder that finds nothing."""
    nothing = lambda *_: Finder((Glance("face", lambda _: []),), 0, lambda: (USED,))  # type: ignore[arg-type]  # noqa: E731
    monkeypatch.setattr(footage, "photo_finder", nothing)


def done(path: Path, **settings: object) -> Path:
    out = default_output(path)
    redact(path, out, Settings(**settings), force=True)
    return out


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_canary_survives(tmp_path: Path, suffix: str) -> None:
    path = laden(tmp_path / f"a{suffix}")
    assert needles(path)
    report = redact(path, default_output(path), Settings())
    assert report.passed
    assert report.dropped
    assert not needles(default_output(path))
    assert NEEDLE not in report.text()
    assert any("becomes JPEG" in note for note in report.notes) == (suffix in (".heic", ".avif"))


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_exiftool_finds_nothing_left(tmp_path: Path, suffix: str) -> None:
    path = laden(tmp_path / f"a{suffix}")
    left = told(done(path)) - told(done(save(tmp_path / f"plain{suffix}")))
    assert left == set()
    assert {group for group, _ in told(done(path))} <= {
        "File",
        "JFIF",
        "PNG",
        "RIFF",
        "GIF",
        "EXIF",
    }


def told(path: Path) -> set[tuple[str, str]]:
    """Group and name of every tag that exiftool reads, but those of the file system."""
    command = ["exiftool", "-j", "-G1", "-a", "-U", "-ee3", str(path)]
    read = subprocess.run(command, capture_output=True, check=True, text=True)
    names = [name.partition(":")[::2] for name in json.loads(read.stdout)[0]]
    return {
        (g.replace("IFD0", "EXIF"), n)
        for g, n in names
        if g not in ("System", "ExifTool", "Composite", "SourceFile")
    }


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff", ".gif", ".bmp"])
def test_where_nothing_is_hidden_no_byte_is_copied(tmp_path: Path, suffix: str) -> None:
    """Files of the same pixels, written in different ways, give one and the same output."""
    ways: dict[str, list[dict[str, object]]] = {
        ".jpg": [{}, {"progressive": True}, {"optimize": True}, {"exif": exif(), "comment": b"x"}],
        ".png": [{"compress_level": 0}, {"compress_level": 9, "exif": exif()}],
        ".webp": [{"lossless": True, "method": 0}, {"lossless": True, "method": 6, "xmp": xmp()}],
        ".tiff": [
            {},
            {"compression": "tiff_lzw"},
            {"compression": "packbits", "tiffinfo": {315: "n"}},
        ],
        ".gif": [{"interlace": 0}, {"interlace": 1, "comment": b"x"}],
        ".bmp": [{}],
    }
    image = LARGE.quantize(64) if suffix == ".gif" else LARGE
    made = set()
    for number, how in enumerate(ways[suffix]):
        path = save(tmp_path / f"{number}{suffix}", image, **how)
        path.write_bytes(path.read_bytes() + (b"" if suffix == ".tiff" else b"more behind it"))
        out = done(path)
        made.add(out.read_bytes())
        assert out.read_bytes() != path.read_bytes()
    assert len(made) == 1


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_what_a_face_did_to_its_blocks_does_not_come_out(tmp_path: Path, subsampling: str) -> None:
    """Two photos that differ inside a region alone: coding spreads that to the blocks around it."""
    made, differing = [], []
    for seed in (1, 2):
        pixels = smooth(192, 144)
        pixels[12:36, 20:44] = noise(seed, 24, 24)
        path = save(
            tmp_path / f"{seed}.jpg", Image.fromarray(pixels), quality=40, subsampling=subsampling
        )
        differing.append(next(iter(frames(path))).picture(LARGE_SIZE).astype(int))
        frame = next(PhotoSource(probe(path)).frames())
        target = doors.target_of(probe(path), tmp_path / "o.png")
        region = Region(Box(20, 12, 44, 36), Style.VEIL, "face", 1)
        doors.painter(probe(path), target).redact(frame, [region])
        made.append(frame.picture(frame.size))
    spread = np.abs(differing[0] - differing[1])
    spread[12:36, 20:44] = 0
    assert spread.max() > 0
    assert np.array_equal(made[0], made[1])


def test_every_page_is_redacted(tmp_path: Path) -> None:
    path = pages(tmp_path / "a.tiff", [(192, 144), (120, 200), (64, 48)])
    out = done(path, style="solid")
    for number, frame in enumerate(frames(out)):
        picture = frame.picture(frame.size)
        assert not picture[12:36, 20:44].any()
        was = noise(number, frame.size.width, frame.size.height)
        was[12:36, 20:44] = 0
        inside = Box(20, 12, 44, 36).grown(12, 12).cells(frame.size)
        assert inside is not None
        picture[inside] = was[inside] = 0
        assert np.array_equal(picture, was)


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_every_picture_of_a_moving_one_is_redacted(tmp_path: Path, suffix: str) -> None:
    from .films import pictures, place

    images = [Image.fromarray(p).convert("RGB") for p in pictures(6)]
    path = tmp_path / f"a{suffix}"
    images[0].save(path, save_all=True, append_images=images[1:], duration=[40, 90, 40, 50, 70, 80])
    report = redact(path, default_output(path), Settings(style="solid"))
    assert report.passed
    assert report.counts.frames_hidden_in == 6
    for number, frame in enumerate(frames(default_output(path))):
        cells = place(number).cells(frame.size)
        assert not frame.picture(frame.size)[cells].any()


def test_pages_need_a_format_that_has_pages(tmp_path: Path) -> None:
    path = pages(tmp_path / "a.tiff", [(64, 48), (64, 48)])
    with pytest.raises(PasserbyError, match="2 pages") as error:
        redact(path, tmp_path / "o.png", Settings())
    assert "tiff" in error.value.hint


@pytest.mark.parametrize("limit", [1, 4])
def test_a_limit_can_be_raised(tmp_path: Path, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "MOST_PIXELS", 10_000)
    path = save(tmp_path / "a.png", LARGE)  # 27 648 pixels
    if limit == 1:
        with pytest.raises(PasserbyError, match="would unpack"):
            done(path, limit=limit)
    else:
        assert walk(done(path, limit=limit)) == []


def originals(folder: Path) -> Iterator[tuple[str, bytes]]:
    for suffix in SUFFIXES:
        yield suffix, laden(folder / f"o{suffix}").read_bytes()
    for suffix in (".gif", ".png", ".webp"):
        yield suffix, moving(folder / f"m{suffix}").read_bytes()
    yield ".tiff", pages(folder / "p.tiff", [(64, 48), (30, 20)]).read_bytes()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_whatever_is_done_to_a_file_the_end_is_an_output_or_an_error(tmp_path: Path) -> None:
    """Twelve seconds of flipped, lost, doubled and zeroed bytes, each time from another seed."""
    seed = time.time_ns()
    chance = random.Random(seed)
    files = list(originals(tmp_path))
    tried = {"redacted": 0, "refused": 0}
    until = time.monotonic() + 12
    while time.monotonic() < until:
        suffix, data = chance.choice(files)
        path, out = tmp_path / f"x{suffix}", default_output(tmp_path / f"x{suffix}")
        path.write_bytes(mutated(data, chance))
        try:
            report = redact(path, out, Settings(), force=True)
        except PasserbyError:
            tried["refused"] += 1
        else:
            assert report.passed, f"seed {seed}"
            assert walk(out) == [], f"seed {seed}"
            tried["redacted"] += 1
        assert not list(tmp_path.glob("*.partial"))
    assert min(tried.values()) > 5
    print(tried)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, or a piece lost, doubled or blanked; more often near the beginning."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 40))):
        at = min(len(made) - 1, int(len(made) * chance.random() ** chance.choice((1, 4))))
        match chance.randrange(6):
            case 0:
                made[at] = chance.randrange(256)
            case 1:
                made[at] ^= 1 << chance.randrange(8)
            case 2:
                made[at : at + 4] = chance.choice(
                    (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff")
                )
            case 3:
                del made[at : at + chance.randrange(1, 64)]
            case 4:
                made[at:at] = made[at : at + chance.randrange(1, 64)]
            case 5:
                del made[max(20, at) :]
        if len(made) < 20:
            break
    return bytes(made)


WIDE = ("everything", "Display P3", "Adobe RGB", "HDR")


def test_the_page_of_formats_can_be_made_of_every_kind_of_photo(tmp_path: Path) -> None:
    told = list(rows(tmp_path))
    assert len(told) == len(KINDS)
    assert all(len(row) == len(HEAD) for row in told)
    kinds = {row[2].partition(",")[0] for row in told}
    assert kinds == {"jpeg", "png", "webp", "gif", "tiff", "bmp"}
    assert all(("damaged" in row[5]) == ("breaks off" in row[0]) for row in told)
    assert all(
        ("sRGB" in row[5]) == (any(w in row[0] for w in WIDE) and not row[0].startswith("GIF"))
        for row in told
    )
