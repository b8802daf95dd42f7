"""A name tells what is in the file, also where the input's name does not."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from passerby.jobs import Settings, default_output, footage, redact, told_apart
from passerby.media import output_container, probe

from .films import finder, photo


def webm(path: Path, codec: str, pixel_format: str) -> Path:
    """Two grey frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 64, pixel_format
        for number in range(2):
            grey = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")
            grey = grey.reformat(format=pixel_format)
            grey.pts = number
            container.mux(stream.encode(grey))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("codec", "pixel_format", "suffix"),
    [("libvpx-vp9", "yuv420p", ".webm"), ("libsvtav1", "yuv420p10le", ".mkv")],
)
def test_a_webm_is_named_as_media_writes_it(
    tmp_path: Path, codec: str, pixel_format: str, suffix: str
) -> None:
    source = webm(tmp_path / "clip.webm", codec, pixel_format)
    assert default_output(source).suffix == output_container(probe(source))[0] == suffix


def test_a_webm_that_cannot_be_read_is_named_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "clip.webm").write_bytes(b"no film")
    assert default_output(tmp_path / "clip.webm").name == "clip.redacted.webm"
    assert default_output(tmp_path / "none.webm").name == "none.redacted.webm"


def test_a_photo_holds_what_its_name_says_whatever_the_input_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(footage, "photo_finder", finder(late=0))
    lying = photo(tmp_path / "photo.png").rename(tmp_path / "photo.jpg")
    output = default_output(lying)
    report = redact(lying, output, Settings())
    assert report.output is not None
    assert report.output.container == "jpeg"
    with Image.open(output) as made:
        assert made.format == "JPEG"


def test_the_second_name_holds_the_whole_first_one() -> None:
    assert told_apart(Path("in/x.avi"), Path("to/x.redacted.mp4")) == Path("to/x.avi.redacted.mp4")


@pytest.mark.parametrize(("count", "suffix"), [(1, ".jpg"), (3, ".webp")])
def test_an_avif_is_named_by_whether_it_moves(tmp_path: Path, count: int, suffix: str) -> None:
    shades = [Image.new("RGB", (64, 48), (40 * n, 90, 90)) for n in range(count)]
    shades[0].save(tmp_path / "a.avif", save_all=True, append_images=shades[1:])
    assert default_output(tmp_path / "a.avif").name == f"a.redacted{suffix}"
    assert default_output(tmp_path / "none.avif").name == "none.redacted.jpg"


@pytest.mark.parametrize("name", ["photo", "photo.jpg_large", "photo.tmp"])
def test_a_name_that_says_nothing_is_answered_by_what_is_in_the_file(
    tmp_path: Path, name: str
) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / name, "JPEG")
    assert default_output(tmp_path / name) == tmp_path / f"{Path(name).stem}.redacted.jpg"
    assert default_output(tmp_path / "none.tmp").name == "none.redacted.tmp"
