"""Covered pixels are counted once, however many regions share them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.geometry import Box, Size
from passerby.core.schedule import Region, Style
from passerby.jobs.tally import Tally, union_area
from passerby.testing import ArrayFrame

SIZE = Size(37, 23)


def regions() -> st.SearchStrategy[list[Region]]:
    corner, side = st.integers(-40, 160), st.integers(0, 120)
    box = st.builds(
        lambda x, y, w, h: Box(x / 4, y / 4, (x + w) / 4, (y + h) / 4), corner, corner, side, side
    )
    return st.lists(box.map(lambda b: Region(b, Style.VEIL, "face", 1)), max_size=6)


@given(regions())
def test_the_union_is_counted_like_a_painted_mask(found: list[Region]) -> None:
    mask = np.zeros((SIZE.height, SIZE.width), bool)
    for region in found:
        cells = region.box.cells(SIZE)
        if cells is not None:
            mask[cells] = True
    assert union_area(found, SIZE) == mask.sum()


def test_a_tally_passes_everything_on_and_counts_it() -> None:
    half = Region(Box(0, 0, 2, 4), Style.VEIL, "face", 1)
    frames = [ArrayFrame.flat(Size(4, 4)) for _ in range(4)]
    pairs = [(frames[0], [half, half]), (frames[1], []), (frames[2], [half]), (frames[3], [])]
    tally = Tally()
    assert list(tally.counted(pairs)) == pairs
    assert (tally.frames, tally.frames_hidden_in, tally.regions) == (4, 2, 3)
    assert tally.covered == 0.25
    assert tally.tracks == 1


def test_places_hidden_by_hand_are_no_tracks() -> None:
    by_hand = Region(Box(0, 0, 2, 4), Style.VEIL, "face", -1)
    others = [Region(Box(0, 0, 2, 4), Style.VEIL, "face", number) for number in (0, 3, 3)]
    tally = Tally()
    list(tally.counted([(ArrayFrame.flat(Size(4, 4)), [by_hand, *others])]))
    assert tally.tracks == 2
