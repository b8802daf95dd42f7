"""Matroska and WebM: every EBML element against what a player needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from .bytes import Data, blank, finding, whole
from .findings import Finding
from .units import hevc_record, side_information

EBML, SEGMENT, VOID, CRC = 0x1A45DFA3, 0x18538067, 0xEC, 0xBF
SEEK_HEAD, INFO, TRACKS, CLUSTER = 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1F43B675
CUES, TAGS = 0x1C53BB6B, 0x1254C367
ENTRY, VIDEO, AUDIO, COLOUR, MASTERING, PROJECTION = 0xAE, 0xE0, 0xE1, 0x55B0, 0x55D0, 0x7670
TAG, TARGETS, SIMPLE_TAG, TAG_NAME, TAG_STRING = 0x7373, 0x63C0, 0x67C8, 0x45A3, 0x4487
GROUP, BLOCK, SIMPLE_BLOCK = 0xA0, 0xA1, 0xA3
KIND, CODEC, PRIVATE, LANGUAGE, NUMBER = 0x83, 0x86, 0x63A2, 0x22B59C, 0xD7
MUXER, WRITER, DATE, TITLE = 0x4D80, 0x5741, 0x4461, 0x7BA9

# Parent -> the elements that may stand in it. What is not named here is a finding.
ALLOWED: Final[dict[int, frozenset[int]]] = {
    0: frozenset({EBML, SEGMENT}),
    EBML: frozenset({0x4286, 0x42F7, 0x42F2, 0x42F3, 0x4282, 0x4287, 0x4285}),
    SEGMENT: frozenset({SEEK_HEAD, INFO, TRACKS, CLUSTER, CUES, TAGS}),
    SEEK_HEAD: frozenset({0x4DBB}),
    0x4DBB: frozenset({0x53AB, 0x53AC}),
    INFO: frozenset({0x2AD7B1, 0x4489, MUXER, WRITER}),
    TRACKS: frozenset({ENTRY}),
    ENTRY: frozenset(
        {
            NUMBER, 0x73C5, KIND, 0xB9, 0x88, 0x55AA, 0x9C, 0x6DE7, 0x6DF8, 0x55EE, LANGUAGE,
            CODEC, PRIVATE, 0x23E383, 0x234E7A, VIDEO, AUDIO, 0x56AA, 0x56BB,
        }
    ),
    VIDEO: frozenset(
        {
            0x9A, 0x9D, 0x53B8, 0x53C0, 0xB0, 0xBA, 0x54AA, 0x54BB, 0x54CC, 0x54DD, 0x54B0,
            0x54BA, 0x54B2, 0x54B3, COLOUR, PROJECTION,
        }
    ),
    COLOUR: frozenset({0x55B1, 0x55B2, *range(0x55B3, 0x55BE), MASTERING}),
    MASTERING: frozenset(range(0x55D1, 0x55DB)),
    PROJECTION: frozenset({0x7671, 0x7673, 0x7674, 0x7675}),
    AUDIO: frozenset({0xB5, 0x78B5, 0x9F, 0x6264}),
    CLUSTER: frozenset({0xE7, 0xA7, 0xAB, SIMPLE_BLOCK, GROUP}),
    GROUP: frozenset({BLOCK, 0x9B, 0xFA, 0xFB, 0x75A2}),
    CUES: frozenset({0xBB}),
    0xBB: frozenset({0xB3, 0xB7}),
    0xB7: frozenset({0xF7, 0xF1, 0xF0, 0xB2, 0x5378}),
    TAGS: frozenset({TAG}),
    TAG: frozenset({TARGETS, SIMPLE_TAG}),
    TARGETS: frozenset({0x68CA, 0x63C5}),
    SIMPLE_TAG: frozenset({TAG_NAME, TAG_STRING, 0x447A, 0x4484}),
}  # fmt: skip
NAMES: Final = {
    0x1043A770: "chapters", 0x1941A469: "attachments", DATE: "the date", TITLE: "a title",
    0x536E: "a track's name", 0x258688: "a codec's name", 0x73A4: "an identifier",
    0x7384: "a file name", 0x75A1: "additions to a block",
}  # fmt: skip
NEUTRAL: Final = re.compile(rb"Lavf[\d.]*")
LENGTH: Final = re.compile(rb"[\d:.]*\0*")


@dataclass
class State:
    """What has been learnt on the way: how each track's pictures are cut into units."""

    units: dict[int, tuple[str, int]] = field(default_factory=dict)
    videos: int = 0
    sounds: int = 0
    track: dict[int, bytes] = field(default_factory=dict)
    tag: bytes = b""


def walk_elements(data: Data) -> Iterator[Finding]:
    state = State()
    yield from _children(data, 0, len(data), 0, state)
    if not state.videos + state.sounds:
        yield finding("broken", "there is no track of pictures or sound", None)


def _children(data: Data, at: int, stop: int, parent: int, state: State) -> Iterator[Finding]:
    while at < stop:
        begun = at
        name, at = _number(data, at, keep=True)
        size, at = _number(data, at, keep=False)
        end = at + size if size is not None else stop
        if name is None or end > stop:
            raise ValueError("an element reaches beyond its parent")
        if name == VOID or (name == CRC and end - at == 4):
            if name == VOID and not blank(data, at, end):
                yield finding("hidden", "padding that is not blank", begun)
        elif name not in ALLOWED[parent]:
            if size is None:  # a cluster of unknown size, which its next neighbour ends
                raise ValueError("an element without an end")
            what = NAMES.get(name, f"Matroska element {name:X}")
            yield finding("metadata", what, begun)
        else:
            yield from _element(data, (begun, at, end), name, state, known=size is not None)
        at = end


def _element(
    data: Data, place: tuple[int, int, int], name: int, state: State, *, known: bool
) -> Iterator[Finding]:
    begun, at, end = place
    if not known and name != SEGMENT:
        raise ValueError("an element without an end")
    if name in (SIMPLE_BLOCK, BLOCK):
        yield from _block(data, begun, at, end, state)
        return
    if name == ENTRY:
        state.track = {}
    if name in ALLOWED:
        yield from _children(data, at, end, name, state)
        if name == ENTRY:
            yield from _track(begun, state)
        return
    if end - at > 1 << 16 and name != PRIVATE:
        yield finding("hidden", "a field that is far too long", begun)
        return
    value = bytes(data[at:end])
    if name in (MUXER, WRITER) and not NEUTRAL.fullmatch(value):
        yield finding("metadata", "the name of a program", begun)
    elif name in (KIND, CODEC, PRIVATE, NUMBER):
        state.track[name] = value
    elif name == LANGUAGE and value.rstrip(b"\0") not in (b"und", b""):
        yield finding("metadata", "a language", begun)
    elif name == TAG_NAME:
        state.tag = value
        if value != b"DURATION":
            yield finding("metadata", "a tag", begun)
    elif name == TAG_STRING and state.tag == b"DURATION" and not LENGTH.fullmatch(value):
        yield finding("metadata", "a tag that is not what its name says", begun)


def _track(begun: int, state: State) -> Iterator[Finding]:
    kind = int.from_bytes(state.track.get(KIND, b""), "big")
    number = int.from_bytes(state.track.get(NUMBER, b""), "big")
    if kind not in (1, 2):
        yield finding("track", "a track that is neither picture nor sound", begun)
    state.videos += kind == 1
    state.sounds += kind == 2
    if kind == 1 and state.videos > 1:
        yield finding("track", "a second picture track", begun)
    private, codec = state.track.get(PRIVATE, b""), state.track.get(CODEC, b"")
    if codec == b"V_MPEG4/ISO/AVC":
        state.units[number] = ("h264", (private[4] & 3) + 1)
    elif codec == b"V_MPEGH/ISO/HEVC":
        state.units[number] = ("hevc", (private[21] & 3) + 1)
        yield from hevc_record(private, 0, len(private))
    elif codec == b"V_AV1":
        state.units[number] = ("av1", 0)
        yield from side_information(private, 4, len(private), "av1", 0)


def _block(data: Data, begun: int, at: int, end: int, state: State) -> Iterator[Finding]:
    number, at = _number(data, at, keep=False)
    flags = data[at + 2]
    if number in state.units:
        codec, prefix = state.units[number]
        if flags & 0x06:
            yield finding("broken", "several pictures in one block", begun)
        else:
            yield from side_information(data, at + 3, end, codec, prefix)


def _number(data: Data, at: int, *, keep: bool) -> tuple[int | None, int]:
    """An EBML number and where it ends; `keep` its length marker, as identifiers do.

    `None` is the reserved size, all ones: unknown.
    """
    first = data[at]
    length = 9 - first.bit_length()
    if length > 8:
        raise ValueError("no such number")
    value = int.from_bytes(whole(data, at, at + length), "big")
    if keep:
        return value, at + length
    value &= (1 << 7 * length) - 1
    return (None if value == (1 << 7 * length) - 1 else value), at + length
