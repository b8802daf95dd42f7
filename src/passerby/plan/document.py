"""The plan as people read and edit it: models of the JSON document, version plan/1.

No identity inside: geometry, kinds, scores and reasons; no crops, no recognised text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from ..core.geometry import Box
from ..core.time import Ticks
from ..core.track import Key, Track, Why
from .fields import Count, Hash, Kind, Part, Pixel, Score, Text, Tick
from .history import before_of
from .policy import Policy
from .vocabulary import Edit

VERSION: Final = "plan/1"

Plain = bool | int | float | str | None | list[str] | dict[str, float]
Reason = Literal["seen", "filled", "reach", "edited", "unsure", "head"]
_REASONS: Final[dict[Why, Reason]] = {
    Why.SEEN: "seen",
    Why.FILLED: "filled",
    Why.REACH: "reach",
    Why.EDITED: "edited",
    Why.UNSURE: "unsure",
    Why.HEAD: "head",
}
KeyRow = tuple[Tick, Pixel, Pixel, Pixel, Pixel, Reason, Score | None]


class Media(Part):
    """Which footage the plan was made for. Ticks count in `time_base` seconds."""

    sha256: Hash = Field(description="Of the whole file.")
    kind: Literal["video", "photo"]
    container: Text
    size: tuple[Count, Count] = Field(description="Width and height as shown, in pixels.")
    orientation: Annotated[int, Field(ge=1, le=8)] = Field(description="As in EXIF.")
    time_base: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,18}/[1-9][0-9]{0,18}$")]
    frames: Count = Field(description="How many frames were decoded.")
    first: Tick = Field(description="First tick of the first frame.")
    end: Tick = Field(description="First tick after the last frame.")
    streams: tuple[Text, ...] = Field(description="Kind and codec of each stream, in file order.")


class MadeBy(Part):
    """The Passerby that made the plan."""

    version: Text


class DetectorUsed(Part):
    """A detector, and how it was used."""

    name: Text
    family: Text
    kind: Kind
    sha256: Hash
    runtime: Text
    licence: Text
    thresholds: dict[Text, Score] = Field(
        description="The scores from which a sighting starts a track, or supports one."
    )
    smallest: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        description="Smallest size, in display pixels, that was searched for."
    )


class TrackRows(Part):
    """One person's face (or plate, ...) through time."""

    id: Annotated[int, Field(strict=True, ge=0, le=2**53)]
    kind: Kind
    score: Score = Field(description="The best score with which it was ever seen.")
    keys: Annotated[tuple[KeyRow, ...], Field(min_length=1)] = Field(
        description="tick, x0, y0, x1, y1 (display pixels, half-open), why, score; by rising tick."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        before: int | None = None
        for at, x0, y0, x1, y1, _, _ in self.keys:
            if before is not None and at <= before:
                raise ValueError(f"track {self.id}: the keys are not in order of time at tick {at}")
            if x1 < x0 or y1 < y0:
                raise ValueError(f"track {self.id}: the box at tick {at} is inside out")
            before = at
        return self

    @classmethod
    def of(cls, track: Track) -> Self:
        rows = tuple((k.at, *k.box.corners, _REASONS[k.why], k.score) for k in track.keys)
        return cls(id=track.id, kind=track.kind, score=track.score, keys=rows)

    def track(self) -> Track:
        keys = (
            Key(Ticks(at), Box(x0, y0, x1, y1), Why(why), score)
            for at, x0, y0, x1, y1, why, score in self.keys
        )
        return Track(self.id, self.kind, tuple(keys))


class Document(Part):
    """A plan: what Passerby found (tracks) and what people decided about it (edits)."""

    passerby: Literal["plan/1"]
    media: Media
    made_by: MadeBy
    settings: dict[Text, Plain] = Field(description="What was asked for, as given.")
    policy: Policy
    detectors: tuple[DetectorUsed, ...]
    tracks: tuple[TrackRows, ...] = Field(description="The machine's part.")
    edits: tuple[Edit, ...] = Field(default=(), description="People's part: only ever added to.")

    @model_validator(mode="after")
    def _one_id_each(self) -> Self:
        ids = [track.id for track in self.tracks]
        if len(set(ids)) != len(ids):
            raise ValueError("two tracks have the same id")
        return self

    @model_validator(mode="after")
    def _speaks_of_what_was_said(self) -> Self:
        for number, edit in enumerate(self.edits):
            target = before_of(edit)
            if target is not None and target >= number:
                raise ValueError(f"edit {number} speaks of edit {target}, which is not before it")
        return self

    def whole_tracks(self) -> Iterator[Track]:
        """The machine's part as values."""
        return (rows.track() for rows in self.tracks)


def rows_of(tracks: Iterable[Track]) -> tuple[TrackRows, ...]:
    """Tracks as the document holds them."""
    return tuple(map(TrackRows.of, tracks))
