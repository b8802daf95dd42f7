"""Colours told by number or by a camera's mark come out as the same colours in sRGB."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from passerby.media.told_colours import to_srgb
from passerby.verify import walk

from .photos import chunk, deep_png, exif, frames, profile, save, through

CONVERTED = ("colours are converted to sRGB",)
FLATTENED = ("high dynamic range is brought down to sRGB",)
# What sRGB's own red, green and blue are in other spaces, by the tables that are printed of them.
P3_SRGB = {(234, 51, 35): (255, 0, 0), (117, 251, 76): (0, 255, 0), (0, 0, 245): (0, 0, 255)}
ADOBE_SRGB = {(219, 0, 0): (255, 0, 0), (144, 255, 60): (0, 255, 0), (0, 0, 250): (0, 0, 255)}


def flat(colour: tuple[int, int, int]) -> Image.Image:
    return Image.new("RGB", (64, 48), colour)


def told(path: Path, colour: tuple[int, int, int], primaries: int, transfer: int) -> Path:
    """A photo all of one colour that says by numbers what its colours are."""
    if path.suffix == ".heic":
        how = {"color_primaries": primaries, "transfer_characteristics": transfer}
        return save(path, flat(colour), matrix_coefficients=0, full_range_flag=1, **how)
    if path.suffix == ".avif":
        save(path, flat(colour), quality=100, subsampling="4:4:4")
        data = path.read_bytes()
        at = data.index(b"colrnclx") + 8
        numbers = primaries.to_bytes(2, "big") + transfer.to_bytes(2, "big")
        path.write_bytes(data[:at] + numbers + data[at + 4 :])
        return path
    return in_png(save(path, flat(colour)), primaries, transfer)


def in_png(path: Path, primaries: int, transfer: int) -> Path:
    data = path.read_bytes()
    at = data.index(b"IHDR") + 4 + 13 + 4
    path.write_bytes(data[:at] + chunk(b"cICP", bytes([primaries, transfer, 0, 1])) + data[at:])
    return path


def shown(path: Path) -> tuple[list[int], tuple[str, ...]]:
    (frame,) = frames(path)
    return [int(np.median(p.pixels)) for p in frame.planes()[:3]], frame.grain.notes


def code(light: float) -> float:
    return 255 * (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("suffix", [".png", ".heic", ".avif"])
@pytest.mark.parametrize("colour", P3_SRGB)
def test_display_p3_is_shown_as_it_was_meant(
    tmp_path: Path, suffix: str, colour: tuple[int, int, int]
) -> None:
    path = told(tmp_path / f"a{suffix}", colour, 12, 13)
    made, notes = shown(path)
    # A code of sRGB near black is a tiny step of light, of which rounding may be several.
    assert np.abs(np.array(made) - P3_SRGB[colour]).max() <= (8 if suffix == ".png" else 24)
    assert notes == CONVERTED
    assert walk(through(path)) == []


@pytest.mark.parametrize("colour", ADOBE_SRGB)
@pytest.mark.parametrize("mark", ["R03", "ColorSpace 2"])
def test_adobe_rgb_that_a_camera_marks_in_exif_is_shown_as_it_was_meant(
    tmp_path: Path, mark: str, colour: tuple[int, int, int]
) -> None:
    made = exif()
    inner = made.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.ColorSpace] = 0xFFFF if mark == "R03" else 2
    if mark == "R03":
        inner[0xA005] = {1: "R03"}
    path = save(tmp_path / "a.jpg", flat(colour), exif=made, quality=100)
    found, notes = shown(path)
    assert np.abs(np.array(found) - ADOBE_SRGB[colour]).max() <= 8
    assert notes == CONVERTED


@pytest.mark.parametrize("space", [1, 0xFFFF, None])
def test_srgb_and_colours_that_nobody_names_are_left_alone(
    tmp_path: Path, space: int | None
) -> None:
    made = exif()
    inner = made.get_ifd(ExifTags.IFD.Exif)
    if space is not None:
        inner[ExifTags.Base.ColorSpace] = space
    inner[0xA005] = {1: "R98"}
    assert shown(save(tmp_path / "a.jpg", flat((90, 160, 60)), exif=made))[1] == ()


def test_a_profile_says_more_than_a_mark_and_less_than_the_numbers_of_a_png(
    tmp_path: Path,
) -> None:
    grey = profile(gamma=1.0)
    made = exif()
    made.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] = 2
    colour = (60, 60, 60)
    path = save(tmp_path / "a.jpg", flat(colour), exif=made, icc_profile=grey)
    (alone, _), (both, _) = (
        shown(save(tmp_path / "b.jpg", flat(colour), icc_profile=grey)),
        shown(path),
    )
    assert alone == both
    assert both[0] > 120  # linear light is coded far brighter
    path = in_png(save(tmp_path / "a.png", flat(colour), icc_profile=grey), 1, 13)
    assert shown(path) == ([60, 60, 60], ())


@pytest.mark.parametrize("suffix", [".png", ".heic", ".avif"])
@pytest.mark.parametrize(
    ("transfer", "given", "light"),
    [
        # PQ: code 0.508 is 100 cd/m2, of 203 for paper.
        (16, 130, 0.5),
        (16, 0, 0.0),
        # HLG: half of the code is a twelfth of the scene's light, 50.7 cd/m2 on the screen.
        (18, 128, 0.2505),
        (18, 0, 0.0),
        (8, 128, 128 / 255),
    ],
)
def test_grey_has_the_light_that_the_standard_gives_it(
    tmp_path: Path, suffix: str, transfer: int, given: int, light: float
) -> None:
    made, notes = shown(told(tmp_path / f"a{suffix}", (given,) * 3, 9, transfer))
    assert np.abs(np.array(made) - code(light)).max() <= 2.5
    assert notes == (CONVERTED if transfer == 8 else FLATTENED)


@pytest.mark.parametrize("transfer", [16, 18])
def test_brighter_than_paper_stays_below_white_and_in_order(tmp_path: Path, transfer: int) -> None:
    codes = np.arange(256, dtype=np.uint8)
    ramp = Image.fromarray(np.repeat(codes[None, :, None], 3, axis=2).repeat(4, axis=0))
    (frame,) = frames(in_png(save(tmp_path / "a.png", ramp), 9, transfer))
    row = frame.planes()[1].pixels[0].astype(int)
    assert (np.diff(row) >= 0).all()
    assert row[0] == 0
    assert row[-1] == 255
    paper = 148 if transfer == 16 else 191
    assert 235 <= row[paper] <= 248  # there is room above


def test_the_hue_of_a_bright_light_stays(tmp_path: Path) -> None:
    made, _ = shown(told(tmp_path / "a.png", (200, 160, 120), 1, 16))
    assert made[0] > 250
    assert made[0] > made[1] > made[2]


def test_light_is_mixed_as_the_standard_mixes_it() -> None:
    """From ITU-R BT.2087 turned round, and white stays white in every space."""
    given = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    assert np.abs(to_srgb(9) - given).max() < 0.0002
    for primaries in (1, 4, 5, 6, 7, 9, 11, 12, 22, 1998):
        assert np.abs(to_srgb(primaries) @ np.ones(3) - 1).max() < 1e-6


@pytest.mark.parametrize("numbers", [(1, 13), (1, 1), (2, 2), (1, 6)])
def test_srgb_by_number_leaves_every_pixel_alone(tmp_path: Path, numbers: tuple[int, int]) -> None:
    colour = (13, 200, 77)
    assert shown(told(tmp_path / "a.png", colour, *numbers)) == (list(colour), ())


def test_numbers_that_nobody_knows_are_not_passed_over_in_silence(tmp_path: Path) -> None:
    made, notes = shown(told(tmp_path / "a.png", (13, 200, 77), 77, 13))
    assert made == [13, 200, 77]
    assert "flatter" in notes[0]


def test_grey_alpha_and_sixteen_bits_are_converted_too(tmp_path: Path) -> None:
    for mode in ("L", "LA", "RGBA", "P"):
        grey = flat((130,) * 3)
        made = grey.quantize(4) if mode == "P" else grey.convert(mode)
        path = save(tmp_path / f"{mode}.png", made)
        found, notes = shown(in_png(path, 9, 16))
        assert abs(found[0] - code(0.5)) <= 2.5
        assert notes == FLATTENED
    deep = np.full((20, 30, 4), 130 * 257, np.uint16)
    found, notes = shown(in_png(deep_png(tmp_path / "deep.png", deep), 9, 16))
    assert abs(found[0] - code(0.5)) <= 2.5
    assert notes == (*FLATTENED, "more than 8 bits a sample become 8")
