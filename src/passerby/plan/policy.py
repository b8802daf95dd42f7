"""How far around a face its cover reaches: shares of the face, so that near and far are alike.

And around plates, text and people, and in which style each is covered.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from ..core.geometry import Box
from ..core.schedule import Style
from ..core.track import Why

Share = Annotated[float, Field(ge=0, le=4, allow_inf_nan=False)]

LINES: Final = ("plate", "text")  # kinds that are wide and low: margins follow their height


def style_of(style: Style, kind: str) -> Style:
    """In which style a thing of `kind` is covered where `style` is asked for.

    Text is covered by one colour: a board that is plainly empty tells nobody to look closer. And
    of nothing that can be read is anything kept: letters are few, and a blur of them is a riddle.
    Only people have a figure.
    """
    if style is Style.FIGURE and kind != "person":
        style = Style.VEIL
    if kind == "text" or (kind == "plate" and not style.keeps_nothing):
        return Style.SOLID
    return style


class Policy(BaseModel):
    """What is done about a key: the style, and the margins around its box."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    style: Style = Field(Style.VEIL, description="How regions are hidden.")
    sides: Share = Field(
        0.18, description="Margin left and right (ears), as a share of the box's width."
    )
    top: Share = Field(
        0.25, description="Margin above (hair line), as a share of the box's height."
    )
    bottom: Share = Field(0.15, description="Margin below (chin), as a share of the box's height.")
    unseen: Share = Field(
        0.03,
        description="Added to every margin where the box was followed by motion, not seen.",
    )
    lines: Share = Field(
        0.08,
        description="Margin around plates and text on every side, as a share of the lesser side.",
    )
    people: Share = Field(
        0.1, description="Margin around people on every side, as a share of the lesser side."
    )
    least: float = Field(
        2.0, ge=0, le=256, description="Every margin is at least this many display pixels."
    )
    motion: float = Field(
        0.6,
        ge=0,
        le=1,
        description="How far the cover reaches towards where the face was a frame ago and will be "
        "a frame on, as a share of the way: the streak that motion blur draws.",
    )

    def margined(self, box: Box, why: Why, kind: str = "face") -> Box:
        """`box` with its margins; it may reach beyond the picture, and is not snapped."""
        more = 0.0 if why in (Why.SEEN, Why.EDITED) else self.unseen
        width, height = box.width, box.height
        if kind in LINES or kind == "person":
            share = self.people if kind == "person" else self.lines
            around = max(self.least, min(width, height) * (share + more))
            return box.grown(around, around)
        aside = max(self.least, width * (self.sides + more))
        return Box(
            box.x0 - aside,
            box.y0 - max(self.least, height * (self.top + more)),
            box.x1 + aside,
            box.y1 + max(self.least, height * (self.bottom + more)),
        )

    def cover(self, box: Box, why: Why, *neighbours: Box, kind: str = "face") -> Box:
        """What to hide for `box`: its margins, and the way to its `neighbours` in time.

        Snapped outwards to quarter pixels; never cut at the frame's edge, so a face that is
        partly outside keeps the cover of its full extent.
        """
        whole = self.margined(box, why, kind)
        for other in neighbours:
            whole = whole.hull(self.margined(box.mixed(other, self.motion), why, kind))
        return whole.snapped()
