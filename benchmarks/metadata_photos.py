"""What is left of the metadata of photos, as exiftool reads it: originals beside our outputs.

    python benchmarks/metadata_photos.py FOLDER

Redacts every photo below FOLDER into a temporary folder and lists each tag that the output has and
that is none of the few that describe the picture itself. If FOLDER holds `expected_made.json`
(canaries by file), every canary is looked for in the output's bytes, in three spellings and inside
compressed parts. Needs exiftool (Debian: libimage-exiftool-perl).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from passerby import jobs
from passerby.core.errors import PasserbyError

# Groups and tags that say how the picture is built, which every file of its kind says.
PICTURE = {
    "File": {
        "FileType", "FileTypeExtension", "MIMEType", "ImageWidth", "ImageHeight", "EncodingProcess",
        "BitsPerSample", "ColorComponents", "YCbCrSubSampling", "ExifByteOrder", "BMPVersion",
        "Planes", "BitDepth", "Compression", "ImageLength", "PixelsPerMeterX", "PixelsPerMeterY",
        "NumColors", "NumImportantColors",
    },
    "JFIF": {"JFIFVersion", "ResolutionUnit", "XResolution", "YResolution"},
    "PNG": {
        "ImageWidth", "ImageHeight", "BitDepth", "ColorType", "Compression", "Filter", "Interlace",
        "AnimationFrames", "AnimationPlays",
    },
    "RIFF": {
        "VP8Version", "ImageWidth", "ImageHeight", "HorizontalScale", "VerticalScale",
        "AlphaIsUsed", "WebP_Flags", "AnimationLoopCount", "BackgroundColor", "FrameCount",
        "Duration",
    },
    "GIF": {
        "GIFVersion", "ImageWidth", "ImageHeight", "HasColorMap", "ColorResolutionDepth",
        "BitsPerPixel", "BackgroundColor", "FrameCount", "Duration", "AnimationIterations",
        "PixelAspectRatio", "TransparentColor",
    },
    "IFD": {
        "ImageWidth", "ImageHeight", "BitsPerSample", "Compression", "PhotometricInterpretation",
        "StripOffsets", "SamplesPerPixel", "RowsPerStrip", "StripByteCounts", "PlanarConfiguration",
        "Predictor", "ExtraSamples", "SampleFormat",
    },
}  # fmt: skip
LOCAL = {"System", "ExifTool", "Composite", "SourceFile"}


def main(folder: Path) -> int:
    if not shutil.which("exiftool"):
        print("exiftool is not installed: nothing checked")
        return 0
    canaries = canaries_of(folder)
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and jobs.naming.is_photo(p)]
    bad = done = before = 0
    with tempfile.TemporaryDirectory() as temporary:
        for number, path in enumerate(files):
            out = jobs.default_output(path, Path(temporary))
            out = out.with_name(f"{number}.{out.name}")
            try:
                jobs.redact(path, out, jobs.Settings(preset="fast"))
            except PasserbyError as error:
                print(f"{path.name}: not processed: {error.what}")
                continue
            done += 1
            before += len(tags(path))
            left = [f"{group}:{name}" for group, name in tags(out)]
            found = [c for c in canaries.get(path.name, ()) if holds(out.read_bytes(), c)]
            bad += bool(left or found)
            print(f"{path.name}: {len(tags(path))} -> {len(left)} tags {' '.join(left)}"
                  f"{f', {len(found)} canaries LEFT' if found else ''}")  # fmt: skip
    print(f"{done} of {len(files)} photos, {before} tags before; {bad} files with something left")
    return 1 if bad else 0


def tags(path: Path) -> list[tuple[str, str]]:
    """Group and name of every tag that does not merely describe the picture."""
    command = ["exiftool", "-j", "-G1", "-a", "-U", "-ee3", "-q", "-q", str(path)]
    read = subprocess.run(command, capture_output=True, check=False, text=True).stdout
    found = []
    for full in json.loads(read or "[{}]")[0]:
        group, _, name = full.rpartition(":")
        known = PICTURE.get("IFD" if group.startswith("IFD") else group, set())
        if group and group not in LOCAL and name not in known:
            found.append((group, name))
    return found


def canaries_of(folder: Path) -> dict[str, list[str]]:
    """Planted words by file name, where a list of them lies in the folder."""
    whole: dict[str, list[str]] = {}
    for path in folder.rglob("expected_made.json"):
        for name, facts in json.loads(path.read_text()).items():
            whole[Path(name).name] = list(words(facts))
    return whole


def words(facts: object) -> Iterator[str]:
    if isinstance(facts, dict):
        if isinstance(facts.get("needle"), str):
            yield facts["needle"]
        for value in facts.values():
            yield from words(value)
    elif isinstance(facts, list):
        for value in facts:
            yield from words(value)


def holds(data: bytes, word: str) -> bool:
    parts, at = [data], 0
    while (at := data.find(b"\x78", at)) >= 0:
        with suppress(zlib.error):
            parts.append(zlib.decompressobj().decompress(data[at:], 1 << 22))
        at += 1
    spellings = [word.encode(c) for c in ("utf-8", "utf-16-le", "utf-16-be")]
    return any(s in part for s in spellings for part in parts)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
