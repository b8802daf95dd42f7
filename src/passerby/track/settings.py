"""How often and how closely to look: three points on one curve of cost against leaks."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final


@dataclass(frozen=True, slots=True)
class FollowSettings:
    """Everything that decides when the detector looks and how long a face is followed unseen.

    Times in seconds; sizes in network pixels; scores in [0, 1]; shares of a box's side.
    """

    interval: Fraction  # between looks at the whole frame
    coarse: int  # long side of such a look
    fine_interval: Fraction  # within which every place is searched for the smallest faces
    fine: int  # long side of a fine look; it never enlarges more than `enlarge`
    turned_interval: Fraction  # between looks at the picture turned by a quarter
    reach: Fraction  # how far back and on a face is followed without being seen
    hold: Fraction  # how long it stays covered after its motion is lost, too
    seed: float  # a new face needs this score, or less and a second sighting
    sure: float  # with this score one sighting is enough
    near: float  # near a face that is followed already, this is enough
    keep_unsure: bool  # faces seen once and never confirmed are kept
    close_looks: int  # at most so many close looks a frame
    enlarge: float = 1.25

    @classmethod
    def preset(cls, name: str) -> FollowSettings:
        """`fast`, `balanced` or `thorough`. Raises KeyError for any other name."""
        return _PRESETS[name]


_PRESETS: Final = {
    "fast": FollowSettings(
        interval=Fraction(2, 5),
        coarse=800,
        fine_interval=Fraction(4),
        fine=1920,
        turned_interval=Fraction(6),
        reach=Fraction(1),
        hold=Fraction(3, 10),
        seed=0.25,
        sure=0.5,
        near=0.12,
        keep_unsure=False,
        close_looks=3,
    ),
    "balanced": FollowSettings(
        interval=Fraction(1, 3),
        coarse=960,
        fine_interval=Fraction(3),
        fine=1920,
        turned_interval=Fraction(3),
        reach=Fraction(4, 5),
        hold=Fraction(2, 5),
        seed=0.2,
        sure=0.45,
        near=0.1,
        keep_unsure=False,
        close_looks=6,
    ),
    "thorough": FollowSettings(
        interval=Fraction(1, 10),
        coarse=1280,
        fine_interval=Fraction(1, 2),
        fine=2560,
        turned_interval=Fraction(1, 2),
        reach=Fraction(3, 2),
        hold=Fraction(3, 5),
        seed=0.15,
        sure=0.35,
        near=0.08,
        keep_unsure=True,
        close_looks=12,
        enlarge=2.0,
    ),
}
