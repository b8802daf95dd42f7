"""What came of an attack, for the report: how often the attacker was right, and by what chance."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Way(_Part):
    """One way to attack. `first`: share of hidden faces whose own original came first."""

    first: float
    low: float = Field(description="95 % of such intervals hold the true rate (Wilson).")
    high: float
    matched: int = Field(description="Faces of which the attacker can be sure.")

    def said(self) -> str:
        return f"{_percent(self.first)} (95 %: {_percent(self.low)} to {_percent(self.high)})"


class Attacked(_Part):
    """Every attacked face against so many decoys. No face, point or name is in here."""

    embedder: str
    sha256: str
    licence: str
    faces: int
    not_attacked: int
    decoys: int
    chance: float = Field(description="The rate of somebody who guesses.")
    naive: Way | None = None
    informed: Way | None = None
    few: bool = Field(description="Too few faces for the rates to say much.")

    def sentence(self) -> str:
        """What a person should know."""
        if self.naive is None or self.informed is None:
            return "attack: no hidden face could be attacked"
        many = "1 hidden face" if self.faces == 1 else f"{self.faces} hidden faces"
        matched = max(self.naive.matched, self.informed.matched)
        some = "none could be matched with its original"
        if matched:
            some = f"{matched} could be matched with the original: not safe"
        few = ", too few faces for rates to say much" if self.few else ""
        return (
            f"attack: of {many} {some}; against {self.decoys} decoys each the right one came first "
            f"in {self.naive.said()} naively and {self.informed.said()} informed, by chance in "
            f"{_percent(self.chance)}{few}"
        )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
