"""How far around a face its cover reaches: shares of the face, so that near and far are alike."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..core.geometry import Box
from ..core.schedule import Style
from ..core.track import Why

Share = Annotated[float, Field(ge=0, le=4, allow_inf_nan=False)]


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

    def margined(self, box: Box, why: Why) -> Box:
        """`box` with its margins; it may reach beyond the picture, and is not snapped."""
        more = 0.0 if why in (Why.SEEN, Why.EDITED) else self.unseen
        width, height = box.width, box.height
        aside = max(self.least, width * (self.sides + more))
        return Box(
            box.x0 - aside,
            box.y0 - max(self.least, height * (self.top + more)),
            box.x1 + aside,
            box.y1 + max(self.least, height * (self.bottom + more)),
        )

    def cover(self, box: Box, why: Why, *neighbours: Box) -> Box:
        """What to hide for `box`: its margins, and the way to its `neighbours` in time.

        Snapped outwards to quarter pixels; never cut at the frame's edge, so a face that is
        partly outside keeps the cover of its full extent.
        """
        whole = self.margined(box, why)
        for other in neighbours:
            whole = whole.hull(self.margined(box.mixed(other, self.motion), why))
        return whole.snapped()
