"""Where an MP4's samples lie, from its tables, and what in the media belongs to none of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from .bytes import Data, finding, whole
from .findings import Finding


@dataclass
class SampleTables:
    """The places of a track's tables; read when all are known."""

    places: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def note(self, name: bytes, at: int, end: int) -> None:
        self.places[name] = (at, end)

    def pieces(self, data: Data) -> list[tuple[int, int]]:
        """Start and stop of every sample, in the order of decoding."""
        if not {b"stsz", b"stsc"} <= self.places.keys():
            return []
        sizes, chunks = self._sizes(data), self._chunks(data)
        runs = self._table(data, b"stsc", ">u4", 3)
        first = runs[:, 0].astype(np.int64) - 1
        counts = np.diff(np.append(first, len(chunks)))
        if (counts < 0).any() or (first < 0).any():
            raise ValueError("chunks out of order")
        per_chunk = np.repeat(runs[:, 1].astype(np.int64), counts)
        if per_chunk.sum() != len(sizes):
            raise ValueError("tables that do not agree")
        chunk = np.repeat(np.arange(len(chunks)), per_chunk)
        ends = np.cumsum(sizes)
        begins = ends - sizes
        opening = np.cumsum(per_chunk) - per_chunk  # number of each chunk's first sample
        if len(sizes):
            starts = chunks[chunk] + begins - begins[np.minimum(opening, len(sizes) - 1)][chunk]
            if (starts + sizes > len(data)).any():
                raise ValueError("a sample beyond the file")
            return list(zip(starts.tolist(), (starts + sizes).tolist(), strict=True))
        return []

    def _sizes(self, data: Data) -> np.ndarray:
        at, _ = self.places[b"stsz"]
        same, count = np.frombuffer(whole(data, at + 4, at + 12), ">u4").tolist()
        if same:
            if count * same > len(data):
                raise ValueError("more samples than bytes")
            return np.full(count, same, np.int64)
        return np.frombuffer(whole(data, at + 12, at + 12 + 4 * count), ">u4").astype(np.int64)

    def _chunks(self, data: Data) -> np.ndarray:
        if b"co64" in self.places:
            return self._table(data, b"co64", ">u8", 1)[:, 0].astype(np.int64)
        return self._table(data, b"stco", ">u4", 1)[:, 0].astype(np.int64)

    def _table(self, data: Data, name: bytes, kind: str, columns: int) -> np.ndarray:
        at, _ = self.places[name]
        (count,) = np.frombuffer(whole(data, at + 4, at + 8), ">u4").tolist()
        width = np.dtype(kind).itemsize * columns
        table = np.frombuffer(whole(data, at + 8, at + 8 + count * width), kind)
        return table.reshape(count, columns)


def unaccounted(
    media: Sequence[tuple[int, int]], samples: Sequence[tuple[int, int]]
) -> Iterator[Finding]:
    """Bytes of the media that no sample owns, and samples outside the media."""
    ordered = sorted(samples)
    for begin, end in sorted(media):
        at = begin
        inside = (
            [piece for piece in ordered if begin <= piece[0] < end] if len(media) > 1 else ordered
        )
        for start, stop in inside:
            if start > at:
                yield finding("hidden", "media that belongs to no track", at)
            at = max(at, stop)
        if at < end:
            yield finding("hidden", "media that belongs to no track", at)
        if at > end or (inside and inside[0][0] < begin):
            yield finding("broken", "a sample that lies outside the media", begin)
