"""MP4 and MOV: every box against what a player needs, and every byte of the media accounted for."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from .bytes import Data, blank, finding, printable, whole
from .credentials import UUID, walk_box
from .findings import Finding
from .samples import SampleTables, unaccounted
from .units import hevc_record, side_information

SOUND: Final = frozenset(
    b"mp4a|Opus|fLaC|ac-3|ec-3|alac|sowt|twos|lpcm|in24|in32|fl32|fl64|ipcm|fpcm|.mp3".split(b"|")
)
PICTURE: Final = frozenset(
    b"avc1|avc3|hvc1|hev1|av01|vp08|vp09|mp4v|mjpa|jpeg|apch|apcn|apcs|apco|ap4h|ap4x".split(b"|")
)
# Parent -> the boxes that may stand in it. What is not named here is a finding.
ALLOWED: Final[dict[bytes, frozenset[bytes]]] = {
    b"": frozenset(b"ftyp|free|skip|wide|mdat|moov|moof|mfra|sidx|styp".split(b"|")),
    b"moov": frozenset(b"mvhd|trak|mvex|udta".split(b"|")),
    b"trak": frozenset(b"tkhd|edts|mdia".split(b"|")),
    b"edts": frozenset({b"elst"}),
    b"mdia": frozenset(b"mdhd|hdlr|minf".split(b"|")),
    b"minf": frozenset(b"vmhd|smhd|hdlr|dinf|stbl".split(b"|")),
    b"dinf": frozenset({b"dref"}),
    b"stbl": frozenset(b"stsd|stts|ctts|cslg|stss|sdtp|stsc|stsz|stco|co64|sgpd|sbgp".split(b"|")),
    b"stsd": SOUND | PICTURE,
    b"picture": frozenset(
        b"avcC|hvcC|av1C|vpcC|esds|pasp|colr|btrt|clap|fiel|mdcv|clli|SmDm|CoLL|gama".split(b"|")
    ),
    b"sound": frozenset(b"esds|dOps|dfLa|dac3|dec3|alac|chan|wave|btrt|pcmC|chnl".split(b"|")),
    b"wave": frozenset(b"frma|mp4a|esds|chan|alac|enda|\0\0\0\0".split(b"|")),
    b"mvex": frozenset(b"mehd|trex".split(b"|")),
    b"moof": frozenset(b"mfhd|traf".split(b"|")),
    b"traf": frozenset(b"tfhd|tfdt|trun|sdtp|sbgp|sgpd".split(b"|")),
    b"mfra": frozenset(b"tfra|mfro".split(b"|")),
    b"udta": frozenset({b"meta"}),
    b"meta": frozenset({b"hdlr", b"ilst"}),
    b"ilst": frozenset(),
}
PADDING: Final = frozenset({b"free", b"skip", b"wide"})
HANDLERS: Final = frozenset({b"", b"VideoHandler", b"SoundHandler", b"DataHandler"})
NO_LANGUAGE: Final = frozenset({0x55C4, 0x7FFF})  # "und" of MP4 and of QuickTime
RESERVED: Final = {b"picture": 78, b"sound": 28}  # bytes before an entry's own boxes
BRANDS: Final = frozenset(
    b"isom|iso2|iso3|iso4|iso5|iso6|iso8|avc1|av01|mp41|mp42|qt  |hvc1|vp09|dash|M4V |M4A ".split(
        b"|"
    )
)


@dataclass
class Track:
    """One track, as far as it matters here."""

    handler: bytes = b""
    codec: str = ""
    prefix: int = 4
    tables: SampleTables = field(default_factory=SampleTables)


@dataclass
class State:
    tracks: list[Track] = field(default_factory=list)
    media: list[tuple[int, int]] = field(default_factory=list)
    fragmented: bool = False
    manifests: int = 0


def walk_boxes(data: Data) -> Iterator[Finding]:
    state = State()
    yield from _children(data, 0, len(data), b"", state)
    pictures = [t for t in state.tracks if t.handler == b"vide"]
    if not pictures and not any(t.handler == b"soun" for t in state.tracks):
        yield finding("broken", "there is no track of pictures or sound", None)
    if len(pictures) > 1:
        yield finding("track", "a second picture track", None)
    if state.fragmented:
        yield finding(
            "unknown", "a fragmented file, whose samples this check does not follow", None
        )
        return
    samples = [piece for track in state.tracks for piece in track.tables.pieces(data)]
    yield from unaccounted(state.media, samples)
    for track in pictures:
        if track.codec:
            for start, stop in track.tables.pieces(data):
                yield from side_information(data, start, stop, track.codec, track.prefix)


def _children(data: Data, at: int, stop: int, parent: bytes, state: State) -> Iterator[Finding]:
    while at < stop:
        if stop - at == 4 and parent in (b"picture", b"sound", b"wave", b"udta"):
            if not blank(data, at, stop):
                yield finding("hidden", "padding that is not blank", at)
            return  # QuickTime ends some lists with four zeros
        begun = at
        size, name = struct.unpack(">I4s", whole(data, at, at + 8))
        at += 8
        if size == 1:
            (size,) = struct.unpack(">Q", whole(data, at, at + 8))
            at += 8
        end = stop if size == 0 else begun + size
        if end > stop or end < at:
            raise ValueError("a box reaches beyond its parent")
        if name == b"uuid" and not parent and data[at : at + 16] == UUID and not state.manifests:
            state.manifests += 1
            yield from walk_box(data, at + 16, end)
        elif name not in ALLOWED[parent]:
            where = f"{printable(parent)}." if parent else ""
            yield finding("metadata", f"box {where}{printable(name)}", begun)
        else:
            yield from _box(data, (begun, at, end), name, parent, state)
        at = end


def _box(
    data: Data, place: tuple[int, int, int], name: bytes, parent: bytes, state: State
) -> Iterator[Finding]:
    begun, at, end = place
    if name in PADDING:
        if not blank(data, at, end):
            yield finding("hidden", "padding that is not blank", begun)
    elif name == b"mdat":
        state.media.append((at, end))
    elif name == b"moof":
        state.fragmented = True
    elif name in (b"ftyp", b"styp"):
        brands = [data[i : i + 4] for i in (at, *range(at + 8, end, 4))]
        if not BRANDS.issuperset(brands):
            yield finding("metadata", "a brand that names a maker", begun)
    elif name == b"meta":
        yield from _children(data, at + 4, end, name, state)
    elif parent == b"stsd":
        yield from _entry(data, place, name, state)
    elif name == b"stsd":
        yield from _children(data, at + 8, end, name, state)
    elif name == b"wave" or (name in ALLOWED and parent != b"wave"):
        if name == b"trak":
            state.tracks.append(Track())
        yield from _children(data, at, end, name, state)
    else:
        yield from _leaf(data, place, name, parent, state)


def _leaf(
    data: Data, place: tuple[int, int, int], name: bytes, parent: bytes, state: State
) -> Iterator[Finding]:
    begun, at, end = place
    if name in (b"mvhd", b"tkhd", b"mdhd"):
        wide = 8 if data[at] == 1 else 4
        if not blank(data, at + 4, at + 4 + 2 * wide):
            yield finding("metadata", f"a date in {printable(name)}", begun)
        if name == b"mdhd":
            (language,) = struct.unpack(">H", whole(data, end - 4, end - 2))
            if language not in NO_LANGUAGE:
                yield finding("metadata", "a language", begun)
    elif name == b"hdlr":
        yield from _handler(data, place, parent, state)
    elif name == b"dref":
        if whole(data, at, end) not in _OWN_FILE:
            yield finding("metadata", "a reference to another file", begun)
    elif name == b"colr" and data[at : at + 4] not in (b"nclx", b"nclc"):
        yield finding("metadata", "a colour profile", begun)
    elif name in (b"avcC", b"hvcC") and state.tracks:
        track = state.tracks[-1]
        track.codec = "h264" if name == b"avcC" else "hevc"
        track.prefix = (data[at + (4 if name == b"avcC" else 21)] & 3) + 1
        if name == b"hvcC":
            yield from hevc_record(data, at, end)
    elif name == b"av1C":
        state.tracks[-1].codec = "av1"
        yield from side_information(data, at + 4, end, "av1", 0)
    elif name in (b"stsz", b"stsc", b"stco", b"co64") and state.tracks:
        state.tracks[-1].tables.note(name, at, end)


_OWN_FILE: Final = tuple(
    struct.pack(">II", 0, 1) + struct.pack(">I4sI", 12, kind, 1) for kind in (b"url ", b"alis")
)


def _handler(
    data: Data, place: tuple[int, int, int], parent: bytes, state: State
) -> Iterator[Finding]:
    """Who handles the track: its kind, and a name that must be one of the neutral ones."""
    begun, at, end = place
    kind, name = whole(data, at + 8, at + 12), bytes(data[at + 24 : end])
    if parent == b"mdia" and state.tracks:
        state.tracks[-1].handler = kind
        if kind not in (b"vide", b"soun"):
            yield finding("track", "a track that is neither picture nor sound", begun)
    if name[:1] and name[0] == len(name) - 1:  # QuickTime counts, MP4 ends with a zero
        name = name[1:]
    if name.rstrip(b"\0") not in HANDLERS:
        yield finding("metadata", "a handler's name", begun)


def _entry(data: Data, place: tuple[int, int, int], name: bytes, state: State) -> Iterator[Finding]:
    """A sample description: fixed fields, then boxes."""
    begun, at, end = place
    kind = b"picture" if name in PICTURE else b"sound"
    start = at + RESERVED[kind]
    if kind == b"picture":
        compressor = whole(data, at + 42, at + 74)
        if compressor.strip(b"\0") and not compressor[1:].startswith(b"Lavc"):
            yield finding("metadata", "a compressor's name", begun)
    elif data[at + 8 : at + 10] == b"\0\1":  # QuickTime's longer forms
        start += 16
    elif data[at + 8 : at + 10] == b"\0\2":
        start += 36
    yield from _children(data, start, end, kind, state)
