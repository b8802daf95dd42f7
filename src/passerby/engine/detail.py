"""How finely frames are looked at, and how finely they may be published."""

from __future__ import annotations

from typing import Final

_SETTLED: Final = 8  # frames for which the finer picture is looked at before it is published


class Detail:
    """How finely frames are looked at; published only once it was looked at so for a while."""

    def __init__(self) -> None:
        self.looked = 0  # in halvings of what may be published
        self.stretch = 1
        self._shown = 0
        self._since = 0

    def wanted(self, halvings: int, stretch: int) -> bool:
        """Whether that is a change."""
        if (halvings, stretch) == (self.looked, self.stretch):
            return False
        if halvings != self.looked:
            self._since = 0
        self.looked, self.stretch = halvings, stretch
        return True

    def shown(self) -> int:
        """How often the next frame is halved."""
        self._since += 1
        if self.looked > self._shown or self._since > _SETTLED:
            self._shown = self.looked
        return self._shown
