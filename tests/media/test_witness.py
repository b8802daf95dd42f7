"""The file as a witness: whatever it carried, nothing but picture and sound comes out of it.

Our own walker always looks; exiftool and ffprobe look, too, where they are installed.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks import witnesses
from tests.media.carriers import CARRIERS, Maker, there
from tests.media.test_encode import through

from passerby.media import probe
from passerby.media.target import Container
from passerby.verify import walk

KINDS = {
    "a place in udta": "GPS",
    "a place in loci": "GPS",
    "cover art": "container tags",
    "XMP": "XMP",
    "a vendor's box": "vendor data",
    "leftovers in free space": "unused space with content",
    "trailing bytes": "trailing data",
    "telemetry": "data stream",
    "timecode": "data stream",
    "subtitles": "subtitle stream",
    "tags, attachment and chapters of an MKV": "attachment",
    "chapters of an MP4": "chapters",
    "INFO of an AVI": "container tags",
    "service names of a TS": "service names",
    "user data in the pictures": "encoder settings",
    "captions in the pictures": "closed captions",
}


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("name", CARRIERS)
def test_what_a_film_carries_does_not_travel_along(
    tmp_path: Path, name: str, container: Container
) -> None:
    make: Maker = CARRIERS[name]
    path = make(tmp_path)
    assert there(path)
    if name in KINDS:
        assert KINDS[name] in probe(path).carries
    assert walk(path) != []
    partial, _ = through(path, container, voice="keep", crf=30)
    out = partial.rename(tmp_path / f"out.{container}")
    assert not there(out)
    assert walk(out) == []
    assert witnesses.exiftool(out) in (None, [])
    assert witnesses.ffprobe(out) in (None, [])


@pytest.mark.parametrize(
    "name", ["a place in udta", "tags of an MP4", "XMP", "tags, attachment and chapters of an MKV"]
)
def test_the_other_programs_see_what_the_originals_carry(tmp_path: Path, name: str) -> None:
    path = CARRIERS[name](tmp_path)
    seen = [witnesses.exiftool(path), witnesses.ffprobe(path)]
    if None in seen:
        pytest.skip("exiftool or ffprobe is not installed")
    assert any(seen)
