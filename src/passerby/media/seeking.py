"""Any frame of a film, without decoding all that comes before it.

A decoder can begin at a picture that needs no other. So the packets are listed first, which decodes
nothing: when each picture is shown, and which of them need no other. Where that list doesn't give
the frames that decoding from the start does, nothing is sought and all is decoded: a frame that is
shown under a wrong number would hide the wrong place.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import av

from ..core.errors import MediaError
from ..core.time import Span, Ticks
from .decode import DecodedFrame, VideoSource
from .faults import read_fault, reading
from .formats import layout, planar
from .opening import UNTIMED, family, opened, zero_of

# Some containers can only guess where in the file a moment is, and come out behind it: then a
# decoder is sent to a picture so many key pictures before, and at last to the first.
_EARLIER: Final = (0, 1, 4, 16, 64, 1 << 30)


class Astray(MediaError):
    """Seeking led elsewhere than the list of packets said: decode from the start instead."""

    code = "media.astray"


@dataclass(frozen=True, slots=True)
class Index:
    """`starts`: the first tick of every frame; `keys`: numbers of frames that need no other."""

    starts: array[int]
    keys: tuple[int, ...]

    def key_before(self, number: int) -> int:
        """The last frame up to `number` from which a decoder can begin."""
        return self.keys[bisect_right(self.keys, number) - 1]


class SeekingSource(VideoSource):
    """A `VideoSource` that can begin anywhere, where its container says when pictures are shown."""

    def index(self, frames: int, first: int) -> Index | None:
        """None unless the packets promise `frames` frames, the first of them at tick `first`."""
        found = self.listed()
        if found is None or len(found.starts) != frames or found.starts[0] != first:
            return None
        return found

    def listed(self) -> Index | None:
        """What the packets promise; None where they don't say when pictures are shown."""
        with opened(self.card.path) as container, reading(self.card.path):
            stream = self._stream(container)
            if family(container) in UNTIMED:
                return None
            zero = zero_of(container, self.clock.tick)
            shown: list[tuple[int, bool]] = []
            for packet in container.demux(stream):
                if not packet.size or packet.is_discard:
                    continue
                if packet.pts is None:
                    return None
                shown.append((packet.pts - zero, bool(packet.is_keyframe)))
        shown.sort()
        starts = array("q", (at for at, _ in shown))
        rising = all(a < b for a, b in pairwise(starts))
        if not rising or not shown or not shown[0][1]:
            return None
        return Index(starts, tuple(n for n, (_, key) in enumerate(shown) if key))

    def frames_from(self, key: int, index: Index, end: Ticks) -> Generator[DecodedFrame]:
        """From the frame `key`, which needs no other, on; `end`: of the last frame.

        Raises `Astray` where what comes is not what `index` lists.
        """
        for earlier in _EARLIER:
            began = index.keys[max(0, bisect_right(index.keys, key) - 1 - earlier)]
            with closing(self._from(began, key, index, end)) as frames:
                first = next(frames, None)
                if first is not None and first.span.start == index.starts[key]:
                    yield first
                    yield from frames
                    return
            if not began:
                break
        raise Astray("seeking gave another frame", path=self.card.path)

    def _from(self, began: int, key: int, index: Index, end: Ticks) -> Generator[DecodedFrame]:
        """Frames from `key` on, by a decoder that is sent to the frame `began`."""
        kind = layout(planar(self.card.pixel_format))
        assert kind is not None
        number, starts = key, index.starts
        with opened(self.card.path) as container:
            stream = self._stream(container)
            zero = zero_of(container, self.clock.tick)
            try:
                if began:
                    container.seek(starts[began] + zero, stream=stream, backward=True)
                for native in container.decode(stream):
                    at = None if native.pts is None else native.pts - zero
                    if at is not None and at < starts[key]:
                        continue
                    if at is None or number >= len(starts):
                        raise Astray("seeking gave another frame", path=self.card.path)
                    until = starts[number + 1] if number + 1 < len(starts) else end
                    span = Span(Ticks(at), Ticks(max(until, at + 1)))
                    if number > key and at != starts[number]:
                        raise Astray("seeking gave another frame", path=self.card.path)
                    native.pts, native.duration = span.start, span.end - span.start
                    fitting = self._fitting(native, span.start)
                    yield DecodedFrame(fitting, kind, span, self.size, self.card.orientation)
                    number += 1
            except av.FFmpegError as error:
                raise read_fault(error, self.card.path, Ticks(starts[key])) from error
