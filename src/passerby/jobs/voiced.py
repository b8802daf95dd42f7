"""What came of an attack on voices, for the report."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Voiced(BaseModel):
    """How alike the voices of output and original are. Nobody's voice is in here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    embedder: str
    sha256: str
    licence: str
    stretches: int = Field(description="Stretches of speech that were compared.")
    not_compared: int = Field(description="Those in which the output has too little speech.")
    matched: int = Field(description="Stretches of which the attacker can be sure.")
    likeness: float | None = Field(description="Of the median stretch; 1 is the same sound.")
    highest: float | None = None
    same: float = Field(description="From here on the attacker is sure.")
    different: float = Field(description="Above it are one of a hundred pairs of two people.")

    def sentence(self) -> str:
        """What a person should know."""
        if not self.stretches:
            return "attack on voices: no speech in the output that could be compared"
        many = "1 stretch" if self.stretches == 1 else f"{self.stretches} stretches"
        said = f"none of {many} of speech has a voice that a program takes for the original's"
        if self.matched:
            said = (
                f"in {self.matched} of {many} of speech a program takes the voice for the "
                "original's: not safe"
            )
        return (
            f"attack on voices: {said}; likeness {self.likeness:.2f}, at most {self.highest:.2f}, "
            f"of two people up to {self.different:.2f} in 99 of 100; others know better programs, "
            "and what you did to the voice"
        )
