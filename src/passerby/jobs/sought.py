"""What the maker of a plan looked for, against what is asked for now: by a plan nobody looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ..core.errors import UsageError
from ..plan import Document
from .settings import AVAILABLE, Settings

LOOKING: Final = ("hide", "heads", "smallest", "cover_frame_when")  # settings that say for what


def not_sought(document: Document | None) -> tuple[str, ...]:
    """What the plan's maker did not ask to be looked for; all but faces where that isn't known."""
    names = () if document is None else _asked(document)
    return Settings(hide=names or ("faces",)).not_looked_for


def by_plan(settings: Settings, document: Document | None) -> dict[str, Any]:
    """Plain settings of a job, for its report; what was looked for is as the plan says, if any."""
    told = {} if document is None else document.settings
    return {**settings.plain(), **{key: told[key] for key in LOOKING if key in told}}


def left_to_plan(settings: Settings) -> Settings:
    """The same, where the plan that is there decides what was looked for."""
    given = settings.model_dump(include=settings.model_fields_set - {*LOOKING, "detector"})
    return Settings(**given)


def check_sought(document: Document, settings: Settings, path: Path | None) -> None:
    """`UsageError` where more is asked for than whoever made the plan, in `path`, looked for."""
    for what, again in _missing(document, settings):
        raise UsageError(
            f"the plan was made without looking for {what}",
            path=path,
            hint=f"make it again with `passerby scan {again}`, or ask for no more than it holds",
        )


def _missing(document: Document, settings: Settings) -> Iterator[tuple[str, str]]:
    """What was not looked for, and the option of `scan` that does."""
    told = document.settings
    if settings.cover_frame_when not in ("never", told.get("cover_frame_when")):
        yield "frames to cover whole", "--cover-frame-when unsure"
    known = _known(document)
    if "hide" in settings.model_fields_set and not known.issuperset(settings.hide):
        new = [name for name in settings.hide if name not in known]
        both = [name for name in AVAILABLE if name in known or name in new]
        yield ", ".join(new), f"--hide {','.join(both)}"
    heads = told.get("heads")
    if settings.heads and not (told.get("preset") == "thorough" if heads is None else heads):
        yield "heads without a face", "--heads"
    asked = told.get("smallest")
    before = asked if isinstance(asked, dict) else {}
    for name, size in settings.smallest.items():
        searched = [use.smallest for use in document.detectors if use.kind == AVAILABLE.get(name)]
        if searched and min(*searched, before.get(name, searched[0])) > size:
            yield f"{name} as small as {size:g} px", f"--smallest {name}={size:g}"


def _known(document: Document) -> frozenset[str]:
    """Names of what was looked for; of a plan that does not say, what its tracks are."""
    asked = _asked(document)
    if asked:
        return frozenset(asked)
    kinds = {track.kind for track in document.tracks}
    kinds |= {use.kind for use in document.detectors}
    return frozenset(name for name, kind in AVAILABLE.items() if kind in kinds)


def _asked(document: Document) -> tuple[str, ...]:
    asked = document.settings.get("hide")
    return tuple(n for n in asked if n in AVAILABLE) if isinstance(asked, list) else ()
