"""What two programs that are not ours see in a finished video: exiftool and ffprobe.

Each function lists what is beyond what a player needs; None where the program is not installed.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

# Names of exiftool's that say how the file is built; whatever else it finds was left over.
BUILD: Final = frozenset(
    """
    SourceFile ExifToolVersion FileType FileTypeExtension MIMEType MajorBrand MinorVersion
    CompatibleBrands Free Wide MediaDataSize MediaDataOffset MediaData MovieHeaderVersion
    TimeScale Duration PreferredRate PreferredVolume MatrixStructure PreviewTime PreviewDuration
    PosterTime SelectionTime SelectionDuration CurrentTime NextTrackID TrackHeaderVersion
    TrackID TrackDuration TrackLayer TrackVolume ImageWidth ImageHeight MediaHeaderVersion
    MediaTimeScale MediaDuration HandlerClass HandlerType HandlerVendorID GraphicsMode OpColor
    CompressorID VendorID SourceImageWidth SourceImageHeight XResolution YResolution BitDepth
    AVCConfiguration HEVCConfiguration AV1Configuration AV1ConfigurationVersion PixelAspectRatio
    BufferSize MaxBitrate AverageBitrate VideoFrameRate SyncSampleTable CompositionTimeToSample
    SampleToChunk SampleSizes ChunkOffset Balance AudioFormat AudioChannels AudioBitsPerSample
    AudioSampleRate TimeToSampleTable SampleGroupDescription SampleToGroup PurchaseFileFormat
    LayoutFlags ColorProfiles ColorPrimaries TransferCharacteristics MatrixCoefficients
    VideoFullRangeFlag CleanAperture CompositionToDecodeTimelineMapping EBMLVersion
    EBMLReadVersion EBMLMaxIDLength EBMLMaxSizeLength DocType DocTypeVersion DocTypeReadVersion
    SeekID SeekPosition TimecodeScale TagTrackUID TrackNumber TrackUID TrackLacing TrackDefault
    CodecID TrackType CodecPrivate VideoScanType DisplayWidth DisplayHeight DisplayUnit
    ProjectionType CodecDelay SeekPreRoll DefaultDuration CuePoint ImageSize Megapixels
    AvgBitrate Rotation GenBalance GenMediaVersion GenFlags GenGraphicsMode GenOpColor
    FieldOrder CRC-32 CueClusterPosition CueTime CueTrack MaxBlockAdditionID
    """.split()  # noqa: SIM905 - words to be read, one a line
)
# Names whose value has to be one of these.
VALUES: Final[dict[str, re.Pattern[str]]] = {
    "CreateDate": re.compile(r"0000:00:00 00:00:00"),
    "ModifyDate": re.compile(r"0000:00:00 00:00:00"),
    "TrackCreateDate": re.compile(r"0000:00:00 00:00:00"),
    "TrackModifyDate": re.compile(r"0000:00:00 00:00:00"),
    "MediaCreateDate": re.compile(r"0000:00:00 00:00:00"),
    "MediaModifyDate": re.compile(r"0000:00:00 00:00:00"),
    "MediaLanguageCode": re.compile(r"und|Unknown \(32767\)"),
    "TrackLanguage": re.compile(r"und"),
    "HandlerDescription": re.compile(r"(Video|Sound|Data)Handler|"),
    "CompressorName": re.compile(r"(Lavc [a-z0-9-]+|)\0*"),
    "MuxingApp": re.compile(r"Lavf"),
    "WritingApp": re.compile(r"Lavf"),
}
_UNKNOWN: Final = re.compile(r"Unknown_?(edts|esds|btrt|mp4a|dOps|vpcC|fiel|pasp)|Matroska_?0x\w+")
_SIDE: Final = frozenset(
    {"Display Matrix", "Mastering display metadata", "Content light level metadata"}
)


def exiftool(path: Path) -> list[str] | None:
    """Names of tags that say more than how the file is built, or say it wrongly."""
    if shutil.which("exiftool") is None:
        return None
    # -a and -u show what is there twice, and what has no name; -ee looks into the streams.
    words = ["exiftool", "-j", "-G4", "-a", "-u", "-ee", "-x", "System:All", str(path)]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    [facts] = json.loads(told.stdout)
    return [name for key, value in facts.items() if (name := _odd(key.split(":")[-1], value))]


def _odd(name: str, value: Any) -> str:
    if name in VALUES:
        return "" if VALUES[name].fullmatch(str(value)) else name
    return "" if name in BUILD or _UNKNOWN.fullmatch(name) else name


def ffprobe(path: Path) -> list[str] | None:
    """Tags, streams, chapters and side data of frames that no player needs."""
    if shutil.which("ffprobe") is None:
        return None
    words = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams"]
    words += ["-show_chapters", "-show_programs", "-show_frames", "-select_streams", "v"]
    frames = json.loads(subprocess.run([*words, path], capture_output=True, check=True).stdout)
    streams = json.loads(subprocess.run([*words[:7], path], capture_output=True, check=True).stdout)
    return list(_beyond(frames, streams))


def _beyond(frames: dict[str, Any], streams: dict[str, Any]) -> Iterator[str]:
    for key, value in frames["format"].get("tags", {}).items():
        if key not in _TAGS or not _TAGS[key].fullmatch(str(value)):
            yield f"tag {key}"
    for stream in streams["streams"]:
        kind = stream["codec_type"]
        if kind not in ("video", "audio"):
            yield f"{kind} stream"
        for key, value in stream.get("tags", {}).items():
            if key not in _TAGS or not _TAGS[key].fullmatch(str(value)):
                yield f"tag {key} of the {kind} stream"
    yield from ("a chapter" for _ in frames["chapters"])
    for number, frame in enumerate(frames["frames"]):
        for side in frame.get("side_data_list", ()):
            if side["side_data_type"] not in _SIDE:
                yield f"{side['side_data_type']} in frame {number}"


_TAGS: Final[dict[str, re.Pattern[str]]] = {
    "major_brand": re.compile(r"isom|qt  "),
    "minor_version": re.compile(r"512"),
    "compatible_brands": re.compile(r"[a-z0-9 ]*"),
    "handler_name": re.compile(r"(Video|Sound)Handler"),
    "language": re.compile(r"und"),
    "vendor_id": re.compile(r"FFMP|\[0\]\[0\]\[0\]\[0\]"),
    "encoder": re.compile(r"Lavf|Lavc [a-z0-9-]+"),
    "DURATION": re.compile(r"[\d:.]+"),
}
