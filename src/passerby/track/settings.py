"""How often and how closely to look: three points on one curve of cost against leaks, per kind."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

# See `Traits.coarser` and Note [who is known when]. Faces, people; lines.
COARSER: Final = (1.0, 1.0, 0.6, 0.36)
_COARSER_LINES: Final = (1.0, 0.6, 0.36, 0.225)
_LESS_CLOSE: Final = 7 / 12  # of a close look's sides, where what is published is halved twice
_FEW_CLOSE: Final = 2  # and so many of them a frame, at most


@dataclass(frozen=True, slots=True)
class Traits:
    """What sets a kind of thing apart, to a detector and to following. Sizes in network pixels.

    `found`: things this high are found nearly always. `turned`: whether the picture is searched
    turned as well. `large`, `large_again`: more score that a large new thing, or a large known one,
    needs. `lines`: things are wide and low, and what counts is their height. `shown`, `close`: how
    high a thing is, and how wide the picture, in a close look. `detail`: levels by which
    neighbouring samples of the small luma must differ where a fine look pays. `highest`: what is
    higher than this is believed only in the coarsest look, and there only with the score `surely`
    and if a much coarser look sees it too: enlarged, a bush or a shadow may look like a letter.
    `enlarged`: in a picture plainly larger than the frame, only what is at most so many display
    pixels high is believed. `eager`: looks come early
    where something hurries, is lost, crossed or new; of lines there are too many for that.
    `slender`: a followed box is loosened by shares of its lesser side, or who stands would soon be
    twice as wide. `wall`: live, what is larger both ways than this share of the picture is not
    believed. `coarser`: how fine looks are where what is published is halved not at all, once,
    twice, three times.

    Note [walls]: a row of houses with windows is one huge line of letters to a network, now and
    then, and would cover a camera's whole picture for good. No plate in a live picture is larger
    than half of it both ways.

    Note [who is known when]: a line of letters is read only where its letters can be told apart,
    so it is looked for hardly finer than it is published: the smallest ones that are found are
    published at 9 pixels, then 7.5, 6 and 4.5. A face tells who it is by less, and half of it at
    the edge of the picture is found later the coarser the look.
    """

    found: float = 12.0
    turned: bool = True
    large: float = 0.25
    large_again: float = 0.08
    lines: bool = False
    shown: float = 48.0
    close: int = 192
    detail: float = 0.0
    highest: float = math.inf
    surely: float = 0.0
    enlarged: float = math.inf
    eager: bool = True
    slender: bool = False
    wall: float = math.inf
    coarser: tuple[float, ...] = COARSER

    def less_close(self) -> Traits:
        """The same, with close looks of a third of the pixels."""
        return replace(
            self, shown=round(self.shown * _LESS_CLOSE), close=round(self.close * _LESS_CLOSE)
        )


FACE: Final = Traits()
LINE: Final = Traits(
    found=9.0,
    turned=False,
    large=0.0,
    large_again=0.0,
    lines=True,
    shown=20.0,
    close=384,
    detail=1.0,
    highest=112.0,
    surely=0.7,
    enlarged=40.0,
    eager=False,
    coarser=_COARSER_LINES,
)
PLATE: Final = replace(LINE, wall=0.5)  # see Note [walls]
# The network reaches 320 pixels each way from a person's middle, and enlarged, a wall or a dog may
# look like a person.
PERSON: Final = Traits(
    found=32.0,
    turned=False,
    large=0.0,
    large_again=0.0,
    shown=160.0,
    close=384,
    detail=0.5,
    highest=220.0,
    slender=True,
)


_STEP: Final = 32  # network pixels that sides of whole looks are multiples of


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
    traits: Traits = FACE
    tiles_at_once: int = 1  # of a fine look

    @classmethod
    def preset(cls, name: str, kind: str = "face") -> FollowSettings:
        """`fast`, `balanced` or `thorough`, for faces, plates, text or people. KeyError for
        other names."""
        return {"face": _PRESETS, "plate": _PLATES, "text": _TEXT, "person": _PEOPLE}[kind][name]

    def coarser(self, halvings: int, long: int) -> FollowSettings:
        """For frames `long` pixels long, less fine, as told at `core.live.LivePlanner`."""
        if not halvings:
            return self
        share = self.traits.coarser[halvings]
        coarse = min(self.coarse, long) * share
        less = replace(
            self,
            coarse=max(_STEP, _STEP * round(coarse / _STEP)),
            fine=round(self.fine * share),
            enlarge=self.enlarge * share,
        )
        if halvings < 2:
            return less
        few = min(self.close_looks, _FEW_CLOSE)
        return replace(less, close_looks=few, traits=self.traits.less_close())

    def for_heads(self) -> FollowSettings:
        """The same, for people who are searched for only because of their heads.

        Where everything is kept that might be somebody, half of the picture would be heads; and
        followed by its weakest sightings, a box strays from its person, and the head with it.
        """
        if not self.keep_unsure:
            return self
        return replace(self, seed=0.25, sure=0.4, near=0.25, keep_unsure=False)


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

_LINES: Final = FollowSettings(
    interval=Fraction(1, 3),
    coarse=1280,
    fine_interval=Fraction(3),
    fine=1920,
    turned_interval=Fraction(0),
    reach=Fraction(4, 5),
    hold=Fraction(2, 5),
    seed=0.4,
    sure=0.6,
    near=0.3,
    keep_unsure=False,
    close_looks=0,
    enlarge=1.0,  # enlarged, what is soft floods: docs/decisions/plates-and-text.md
    traits=PLATE,
)
_PLATES: Final = {
    "fast": replace(_LINES, interval=Fraction(2, 5), coarse=960, fine_interval=Fraction(4)),
    "balanced": _LINES,
    "thorough": replace(
        _LINES,
        interval=Fraction(1, 10),
        fine_interval=Fraction(1, 2),
        fine=2560,
        reach=Fraction(3, 2),
        hold=Fraction(3, 5),
        seed=0.3,
        sure=0.45,
        near=0.25,
        keep_unsure=True,
        close_looks=2,
    ),
}
# Most text stands still, and what stands still needs fewer looks; some of it is smaller.
_TEXT: Final = {
    "fast": replace(_PLATES["fast"], interval=Fraction(3, 5), traits=LINE),
    "balanced": replace(
        _LINES, interval=Fraction(1, 2), fine_interval=Fraction(2), enlarge=2.0, traits=LINE
    ),
    "thorough": replace(
        _PLATES["thorough"], interval=Fraction(1, 5), fine=3840, enlarge=2.0, traits=LINE
    ),
}
# People are larger than their faces, and change slower.
_WHOLE: Final = FollowSettings(
    interval=Fraction(1, 3),
    coarse=640,
    fine_interval=Fraction(2),
    fine=1920,
    turned_interval=Fraction(0),
    reach=Fraction(1),
    hold=Fraction(2, 5),
    seed=0.25,
    sure=0.4,
    near=0.15,
    keep_unsure=False,
    close_looks=0,
    enlarge=1.5,
    traits=PERSON,
)
_PEOPLE: Final = {
    "fast": replace(
        _WHOLE, interval=Fraction(2, 5), coarse=512, fine_interval=Fraction(3), seed=0.3, near=0.2
    ),
    "balanced": _WHOLE,
    "thorough": replace(
        _WHOLE,
        interval=Fraction(1, 6),
        coarse=800,
        fine_interval=Fraction(1, 2),
        fine=2560,
        reach=Fraction(3, 2),
        hold=Fraction(3, 5),
        seed=0.2,
        sure=0.35,
        near=0.12,
        keep_unsure=True,
        close_looks=2,
        enlarge=2.0,
    ),
}
