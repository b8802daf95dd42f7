"""HLS and low-latency HLS (RFC 8216bis) of one channel, from memory.

It begins when somebody asks, and ends when nobody has asked for a while. Segments begin with key
frames; each is cut into parts, which can be asked for before the segment is whole.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from ...core.errors import OutputError
from ...media.fragments import Fragment, Fragments
from ...media.live_encoder import UNIT
from .channel import Channel, Receiver
from .rtp import headers

PART: Final = 0.5  # seconds at most, where pictures come often enough
SEGMENT: Final = 1.5  # seconds after which the next key frame begins a new one
LONGEST: Final = 4  # seconds that a segment lasts at most
KEPT: Final = 8  # segments
DETAILED: Final = 3  # of them that are listed with their parts
IDLE: Final = 20.0  # seconds without a request after which it ends
HOLD: Final = 3 * LONGEST  # seconds for which a request waits for what is not there yet


@dataclass(slots=True)
class Part:
    data: bytes
    seconds: float
    key: bool


@dataclass(slots=True)
class Segment:
    """`run`: which head it needs; it rises when the stream's headers change."""

    number: int
    run: int
    began: float  # seconds since 1970
    parts: list[Part] = field(default_factory=list)
    whole: bool = False

    @property
    def seconds(self) -> float:
        return sum(part.seconds for part in self.parts)


class Hls:
    """For the thread of its loop alone."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._segments: deque[Segment] = deque(maxlen=KEPT + 1)
        self._heads: dict[int, bytes] = {}
        self._codecs = ""
        self._run = -1
        self._next = 0
        self._change = asyncio.Event()
        self._asked = time.monotonic()
        self._task: asyncio.Task[None] | None = None
        self._gathered: list[Fragment] = []

    async def playlist(self, number: int | None, part: int | None) -> str | None:
        """The list of what there is, once it holds that segment, or its part. None when it does
        not come; `ValueError` for what is too far ahead."""
        self._touch()
        if number is not None and self._segments and number > self._segments[-1].number + 2:
            raise ValueError
        there = await self._until(lambda: self._listed(number, part))
        return self._written() if there else None

    async def main(self) -> str | None:
        """The list that names the playlist, with what a player has to be able to decode."""
        self._touch()
        if not await self._until(lambda: self._listed(None, None)):
            return None
        shape = self._channel.published
        size = f",RESOLUTION={shape.size.width}x{shape.size.height}" if shape else ""
        return (
            "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n"
            f'#EXT-X-STREAM-INF:BANDWIDTH={self._rate()},CODECS="{self._codecs}"{size}\n'
            "live.m3u8\n"
        )

    def head(self, run: int) -> bytes | None:
        self._touch()
        return self._heads.get(run)

    async def segment(self, number: int) -> bytes | None:
        self._touch()
        return _joined(self._found(number))

    async def part(self, number: int, place: int) -> bytes | None:
        """The next one is waited for."""
        self._touch()
        newest = self._segments[-1].number if self._segments else 0
        if number > newest + 1:
            return None

        def there() -> bool:
            found = self._found(number)
            return found is not None and (len(found.parts) > place or found.whole)

        await self._until(there)
        found = self._found(number)
        return found.parts[place].data if found and place < len(found.parts) else None

    def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    def _touch(self) -> None:
        self._asked = time.monotonic()
        if self._task is None or self._task.done():
            self._segments.clear()
            self._task = asyncio.create_task(self._fill(self._channel.subscribe()))

    async def _until(self, there: Callable[[], bool]) -> bool:
        try:
            async with asyncio.timeout(HOLD):
                while not there():
                    if self._channel.closed:
                        return False
                    await self._change.wait()
        except TimeoutError:
            return False
        return True

    def _changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    def _found(self, number: int) -> Segment | None:
        return next((s for s in self._segments if s.number == number), None)

    def _listed(self, number: int | None, part: int | None) -> bool:
        if number is None:  # a player that knows no parts gives up on a list without a segment
            return any(segment.whole for segment in self._segments)
        last = self._segments[-1] if self._segments else None
        if last is None:
            return False
        if part is None:
            return last.number > number or (last.number == number and last.whole)
        return last.number > number or (last.number == number and len(last.parts) > part)

    # What fills it.

    async def _fill(self, receiver: Receiver) -> None:
        muxer: Fragments | None = None
        sets: tuple[bytes, bytes] | None = None
        try:
            while (coded := await receiver.next()) is not None:
                if time.monotonic() - self._asked > IDLE:
                    return
                if coded.key and (muxer is None or (headers(coded.data) or sets) != sets):
                    self._finish()
                    shape = self._channel.published
                    if shape is None:
                        continue
                    muxer, sets = Fragments(shape), headers(coded.data)
                    self._run += 1
                if muxer is None:
                    continue
                fragment = muxer.put(coded)
                if fragment is None:
                    continue
                if self._run not in self._heads:
                    self._heads[self._run] = muxer.head
                    self._codecs = f"avc1.{sets[0][1:4].hex()}" if sets else "avc1"
                self._take(fragment)
        except OutputError:
            pass  # the next request begins anew
        finally:
            receiver.close()
            self._finish()

    def _take(self, fragment: Fragment) -> None:
        gathered = self._gathered
        begun = self._segments and not self._segments[-1].whole
        if fragment.key:
            length = self._segments[-1].seconds + _seconds(gathered) if begun else 0.0
            if begun and length >= SEGMENT:
                self._finish()
                begun = False
        if not begun:
            self._begin(fragment)
        if gathered and _seconds([*gathered, fragment]) > PART:
            self._cut()
        gathered.append(fragment)

    def _begin(self, fragment: Fragment) -> None:
        ago = ((self._channel.now or fragment.at) - fragment.at) * float(UNIT)
        self._segments.append(Segment(self._next, self._run, time.time() - ago))
        self._next += 1
        kept = {segment.run for segment in self._segments} | {self._run}
        self._heads = {run: head for run, head in self._heads.items() if run in kept}

    def _cut(self) -> None:
        gathered = self._gathered
        if gathered and self._segments:
            data = b"".join(fragment.data for fragment in gathered)
            self._segments[-1].parts.append(Part(data, _seconds(gathered), gathered[0].key))
            gathered.clear()
            self._changed()

    def _finish(self) -> None:
        self._cut()
        if self._segments:
            self._segments[-1].whole = True
        self._changed()

    # What is written.

    def _rate(self) -> int:
        """Bits a second, of what is kept."""
        seconds = sum(segment.seconds for segment in self._segments)
        size = sum(len(part.data) for segment in self._segments for part in segment.parts)
        return max(100_000, round(8 * size / seconds)) if seconds else 1_000_000

    def _written(self) -> str:
        segments = list(self._segments)
        longest = max((s.seconds for s in segments), default=0.0)
        part = max([PART, *(p.seconds for s in segments[-DETAILED:] for p in s.parts)])
        length = max(LONGEST, round(longest + 0.5))
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:9",
            f"#EXT-X-TARGETDURATION:{length}",
            f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={3 * part:.3f}",
            f"#EXT-X-PART-INF:PART-TARGET={part:.3f}",
            f"#EXT-X-MEDIA-SEQUENCE:{segments[0].number}",
            f"#EXT-X-DISCONTINUITY-SEQUENCE:{segments[0].run}",
        ]
        run: int | None = None
        for place, segment in enumerate(segments):
            if segment.run != run:
                if run is not None:
                    lines.append("#EXT-X-DISCONTINUITY")
                lines.append(f'#EXT-X-MAP:URI="head-{segment.run}.mp4"')
                run = segment.run
            when = datetime.fromtimestamp(segment.began, UTC).isoformat(timespec="milliseconds")
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{when.replace('+00:00', 'Z')}")
            if place >= len(segments) - DETAILED:
                for number, one in enumerate(segment.parts):
                    key = ",INDEPENDENT=YES" if one.key else ""
                    name = f"part-{segment.number}-{number}.mp4"
                    lines.append(f'#EXT-X-PART:DURATION={one.seconds:.5f},URI="{name}"{key}')
            if segment.whole:
                lines += [f"#EXTINF:{segment.seconds:.5f},", f"segment-{segment.number}.mp4"]
        last = segments[-1]
        following = (last.number + 1, 0) if last.whole else (last.number, len(last.parts))
        name = "part-{}-{}.mp4".format(*following)
        lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{name}"')
        return "\n".join(lines) + "\n"


def _joined(segment: Segment | None) -> bytes | None:
    if segment is None or not segment.whole:
        return None
    return b"".join(part.data for part in segment.parts)


def _seconds(fragments: list[Fragment]) -> float:
    if not fragments:
        return 0.0
    return float((fragments[-1].until - fragments[0].at) * UNIT)
