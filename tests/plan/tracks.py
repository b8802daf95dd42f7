"""Made-up tracks and documents for the tests of the plan."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from passerby.core.geometry import Box
from passerby.core.schedule import Style
from passerby.core.time import Ticks
from passerby.core.track import Key, Track, Why
from passerby.plan import DetectorUsed, Document, MadeBy, Media, Policy, rows_of
from passerby.plan.vocabulary import Edit, Hide, Keep


def boxes() -> st.SearchStrategy[Box]:
    """Anywhere, also off the picture and between quarter pixels."""
    corner = st.floats(-300, 3000, allow_nan=False)
    side = st.floats(0, 400, allow_nan=False)
    return st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), corner, corner, side, side)


def scores() -> st.SearchStrategy[float | None]:
    return st.none() | st.floats(0, 1)


def policies() -> st.SearchStrategy[Policy]:
    share = st.floats(0, 1)
    return st.builds(
        Policy,
        style=st.sampled_from(Style),
        sides=share,
        top=share,
        bottom=share,
        unseen=share,
        lines=share,
        people=share,
        least=st.floats(0, 10),
        motion=share,
    )


@st.composite
def tracks(draw: st.DrawFn, most: int = 4, ticks: int = 40) -> list[Track]:
    """Some tracks, with gaps, that share ticks."""
    made = []
    for number in range(draw(st.integers(0, most))):
        ats = sorted(draw(st.sets(st.integers(-ticks, ticks), min_size=1, max_size=8)))
        keys = tuple(
            Key(Ticks(at), draw(boxes()).snapped(), draw(st.sampled_from(Why)), draw(scores()))
            for at in ats
        )
        made.append(Track(number + 1, draw(st.sampled_from(["face", "plate", "text"])), keys))
    return made


def hides() -> st.SearchStrategy[Hide]:
    side = st.integers(1, 400)
    return st.builds(
        lambda at, length, x, y, w, h, note: Hide(
            span=(at, at + length), box=(x, y, x + w, y + h), note=note
        ),
        st.integers(-50, 50),
        st.integers(1, 30),
        st.integers(-100, 2000),
        st.integers(-100, 2000),
        side,
        side,
        st.none() | st.text(max_size=20),
    )


def document(
    found: Sequence[Track] = (), edits: Sequence[Edit] = (), policy: Policy | None = None
) -> Document:
    """A plan of a film that never was."""
    return Document(
        passerby="plan/1",
        media=Media(
            sha256="0a" * 32,
            kind="video",
            container="mp4",
            size=(1920, 1080),
            orientation=1,
            time_base="1/90000",
            frames=81,
            first=-40,
            end=41,
            streams=("video h264", "audio aac"),
        ),
        made_by=MadeBy(version="0.1.0"),
        settings={"hide": ["faces"], "crf": None, "verify": True},
        policy=policy or Policy(),
        detectors=(
            DetectorUsed(
                name="centerface.v1",
                family="centerface",
                kind="face",
                sha256="0b" * 32,
                runtime="none",
                licence="MIT",
                thresholds={"seed": 0.2},
                smallest=12.5,
            ),
        ),
        tracks=rows_of(found),
        edits=tuple(edits),
    )


def keep(track: Track, row: int = 0, span: tuple[int, int] | None = None) -> Keep:
    """Keep `track`, pointed at in one of its keys."""
    key = track.keys[row]
    return Keep(track=track.id, where=(key.at, *key.box.corners), span=span)
