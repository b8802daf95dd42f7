"""Sound that is only listened to: decoded as for a film, at the same times, and not written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction

import av

from ..core.sound import Treatments
from .card import Card
from .sound import Sound


class Hearing:
    """Every sound track of `card`'s file, through `treatments`; what they give back is dropped.

    Times are those of the finished file that `VideoSink` writes. `shift`, `lenient`, `limit`: see
    `Sound`; its errors, too. Reads `card.path` itself; `close` lets go of it, as the end does.
    """

    def __init__(
        self,
        card: Card,
        treatments: Treatments,
        *,
        shift: Fraction = Fraction(0),
        lenient: bool = False,
        limit: int = 1,
    ) -> None:
        self.ended = False
        self._nowhere = av.open(os.devnull, "w", format="null")
        self._sound = Sound(
            card,
            self._nowhere,
            "pcm_f32le",
            shift,
            lenient=lenient,
            limit=limit,
            treatments=treatments,
        )

    def until(self, moment: Fraction) -> None:
        """Listen up to `moment` (seconds of the finished file) and a little further."""
        if not self.ended:
            self._sound.until(moment)
            if self._sound.ended:
                self.finish()

    def finish(self) -> None:
        """Listen to the end."""
        if not self.ended:
            self._sound.finish()
            self.ended = True
            self.close()

    def close(self) -> None:
        self._sound.close()
        self._nowhere.close()

    @property
    def starts(self) -> Sequence[Fraction | None]:
        """The moment of each track's first sample; None while, or where, there is none."""
        return self._sound.starts

    @property
    def notes(self) -> Sequence[str]:
        """What became of tracks that can't be decoded. Once it is finished."""
        return self._sound.notes
