"""What a person can say about a plan: each sentence is one edit, and edits are only ever added.

A later edit wins over an earlier one about the same track. Boxes that a person pointed at are
hidden whatever the tracks say; what is said of a track holds only while the track is found.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from .fields import Corners, Count, Kind, Part, Pixel, Place, Span, Text, Tick

MOST_KEYS: Final = 200_000  # of one moving box: more than two hours, one a frame
MOST_TRACKS: Final = 100_000  # in one sentence
MOST_CORNERS: Final = 400  # of one shape


def _pointed(
    at: tuple[int, int, float, float, float, float],
) -> tuple[int, int, float, float, float, float]:
    if at[4] <= at[2] or at[5] <= at[3]:
        raise ValueError(f"the place of track {at[0]} is empty or inside out")
    return at


Pointed = Annotated[
    tuple[Count, Tick, Pixel, Pixel, Pixel, Pixel],
    AfterValidator(_pointed),
]
Tracks = Annotated[
    tuple[Pointed, ...],
    Field(
        min_length=1,
        max_length=MOST_TRACKS,
        description="number, tick, x0, y0, x1, y1 of each: the track, and where it was pointed at.",
    ),
]
During = Annotated[
    Span | None,
    Field(description="First tick, first tick after; all the time if not given."),
]


Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Corner = tuple[Share, Share]


def _with_sides(corners: tuple[Corner, ...]) -> tuple[Corner, ...]:
    for along in zip(*corners, strict=True):
        if min(along) == max(along):
            raise ValueError("the shape is empty")
    return corners


class Hide(Part):
    """Hide this box in every frame that touches the span, whatever the tracks say."""

    do: Literal["hide"] = "hide"
    span: During = None
    box: Corners = Field(description="x0, y0, x1, y1 in display pixels; hidden as it is.")
    kind: Kind = "face"
    note: Text | None = None


class HideMoving(Part):
    """Hide a box that moves: straight from each key to the next, whatever the tracks say."""

    do: Literal["hide-moving"] = "hide-moving"
    keys: Annotated[
        tuple[Place, ...],
        Field(
            min_length=1,
            max_length=MOST_KEYS,
            description="tick, x0, y0, x1, y1 by rising tick, in display pixels; hidden as it is.",
        ),
    ]
    end: Tick = Field(description="First tick after; from the last key on the box stays.")
    shape: (
        Annotated[
            tuple[Corner, ...],
            Field(min_length=3, max_length=MOST_CORNERS),
            AfterValidator(_with_sides),
        ]
        | None
    ) = Field(
        None,
        description="Of the box, only what lies in this shape: x and y of its corners, in shares "
        "of the box from its top left.",
    )
    kind: Kind = "face"
    instead: Count | None = Field(
        None, description="The edit, before this one, whose place it takes: the box as it was."
    )
    note: Text | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        ats = [at for at, *_ in self.keys]
        for before, at in pairwise(ats):
            if at <= before:
                raise ValueError(f"the keys are not in order of time at tick {at}")
        if self.end <= ats[-1]:
            raise ValueError(f"it ends at tick {self.end}, and its last key comes after that")
        return self


class Keep(Part):
    """Don't hide this track, in the span or all the time; does nothing if it is not found."""

    do: Literal["keep"] = "keep"
    track: Count
    where: Place = Field(
        description="Tick and box of one of the track's keys: where it was pointed at. The edit "
        "applies only if the track still is there."
    )
    span: During = None
    note: Text | None = None


class KeepTracks(Part):
    """Don't hide these tracks; one that is not found is left hidden, and the others are kept."""

    do: Literal["keep-tracks"] = "keep-tracks"
    tracks: Tracks
    span: During = None
    only: bool = Field(
        False, description="And nobody else: whoever was kept before is hidden again."
    )
    note: Text | None = None


class HideTracks(Part):
    """Hide these tracks again, whoever kept them before; without `tracks`, all."""

    do: Literal["hide-tracks"] = "hide-tracks"
    tracks: Tracks | None = None
    kind: Kind | None = Field(None, description="Of all tracks, only those of this kind.")
    span: During = None
    note: Text | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.tracks is not None and self.kind is not None:
            raise ValueError("either tracks or a kind, not both")
        return self


class Mute(Part):
    """Nothing is heard in this span, in any track of whatever sound is kept."""

    do: Literal["mute"] = "mute"
    span: Span = Field(description="First tick, first tick after.")
    note: Text | None = None


class KeepZone(Part):
    """Don't hide people who are inside this box from their first frame to their last."""

    do: Literal["keep-zone"] = "keep-zone"
    span: During = None
    box: Corners = Field(description="x0, y0, x1, y1 in display pixels.")
    note: Text | None = None


class Restyle(Part):
    """Hide these tracks in another style than the policy's; one that is not found keeps that."""

    do: Literal["style"] = "style"
    tracks: Tracks
    style: Literal["veil", "solid", "mosaic", "blur"]
    span: During = None
    note: Text | None = None


class Split(Part):
    """From `at` on, this track is somebody else for whoever reviews it. Hides and keeps nobody."""

    do: Literal["split"] = "split"
    track: Count
    where: Place
    at: Tick
    note: Text | None = None


class Group(Part):
    """For whoever reviews them these tracks belong together. Hides and keeps nobody."""

    do: Literal["group"] = "group"
    tracks: Tracks
    note: Text | None = None


class Revoke(Part):
    """An earlier edit no longer holds. What was revoked comes back when the revoke is revoked."""

    do: Literal["revoke"] = "revoke"
    edit: Count = Field(description="Its place in the list, from 0.")
    by: Literal["person", "undo", "redo"] = Field(
        "person", description="Undo and redo are told apart from second thoughts."
    )
    note: Text | None = None


Edit = Annotated[
    Hide
    | HideMoving
    | Keep
    | KeepTracks
    | HideTracks
    | KeepZone
    | Restyle
    | Split
    | Group
    | Mute
    | Revoke,
    Field(discriminator="do"),
]
