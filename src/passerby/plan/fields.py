"""What the numbers and words of a plan may be, and what all its parts have in common."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_LAST: Final = 2**62
Tick = Annotated[int, Field(strict=True, ge=-_LAST, le=_LAST)]
Pixel = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0, le=2**53)]
Kind = Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,31}$")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=1000)]


def _lasting(span: tuple[int, int]) -> tuple[int, int]:
    if span[1] <= span[0]:
        raise ValueError(f"a span needs start < end, got {list(span)}")
    return span


def _with_area(
    corners: tuple[float, float, float, float],
) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = corners
    if x1 <= x0 or y1 <= y0:
        raise ValueError(f"the box is empty or inside out: {list(corners)}")
    return corners


def _somewhere(
    place: tuple[int, float, float, float, float],
) -> tuple[int, float, float, float, float]:
    _with_area(place[1:])
    return place


Span = Annotated[tuple[Tick, Tick], AfterValidator(_lasting)]
Corners = Annotated[tuple[Pixel, Pixel, Pixel, Pixel], AfterValidator(_with_area)]
Place = Annotated[tuple[Tick, Pixel, Pixel, Pixel, Pixel], AfterValidator(_somewhere)]


class Part(BaseModel):
    """A part of a plan: never changed, and without fields that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")
