"""`import passerby`, as people with a pipeline of their own use it; every example runs."""

from __future__ import annotations

import doctest
import subprocess
import sys
import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

import passerby
from passerby.core.ageing import Ageing, overdue
from passerby.core.geometry import Size
from passerby.jobs import library, pictures

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGES = [DOCS / "guide/use-from-python.md", DOCS / "reference/python.md"]
SIZE = Size(320, 240)  # of clip.mp4
pytestmark = pytest.mark.usefixtures("models")


def decoded(path: Path) -> Iterator[tuple[Fraction, NDArray[np.uint8]]]:
    """Each frame's time and RGB, by a decoder of our own."""
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            yield (
                frame.pts * frame.time_base,
                np.asarray(frame.to_ndarray(format="rgb24"), np.uint8),
            )


def ran(name: str, tests: list[doctest.DocTest]) -> None:
    said: list[str] = []
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    runner = doctest.DocTestRunner(optionflags=options)
    assert sum(len(test.examples) for test in tests) > 0, f"{name} has no examples"
    for test in tests:
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


@pytest.fixture
def around(clip: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the examples begin with: clip.mp4, its plan, photo.jpg."""
    assert (clip.parent, photo.parent) == (tmp_path, tmp_path)
    monkeypatch.chdir(tmp_path)
    passerby.scan(clip).save(tmp_path / "clip.plan.json")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_the_pages_examples_run(around: Path, page: Path) -> None:
    test = doctest.DocTestParser().get_doctest(page.read_text(), {}, page.name, str(page), 0)
    ran(page.name, [test])


@pytest.mark.parametrize("module", [passerby, library, pictures], ids=lambda m: m.__name__)
def test_the_docstrings_examples_run(around: Path, module: object) -> None:
    found = doctest.DocTestFinder(recurse=module is not passerby).find(module)
    ran(str(module), [test for test in found if test.examples])


def test_the_reference_has_every_public_name_and_no_other() -> None:
    text = (DOCS / "reference/python.md").read_text()
    told = {line.split("`")[1].split("(")[0] for line in text.splitlines() if line[:4] == "### "}
    assert told == set(passerby.__all__)


@pytest.mark.parametrize("name", ["redact", "verify"])
def test_a_function_stays_itself_after_the_room_of_that_name_was_imported(name: str) -> None:
    code = (
        f"import passerby, passerby.{name}, sys; from passerby.{name} import *\n"
        f"from passerby import {name}\n"
        f"assert callable({name}) and callable(passerby.{name})\n"
        f"assert {name} is passerby.jobs.library.{name}\n"
        f"assert sys.modules['passerby.{name}'].__path__\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_an_old_name_works_and_warns_where_it_is_used() -> None:
    with pytest.warns(passerby.PasserbyDeprecation, match=r"passerby\.Policy since") as caught:
        assert getattr(passerby, "Settings") is passerby.Policy  # noqa: B009 - as if by an old name
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert passerby.Policy is not None


def test_no_old_name_outstays_its_time() -> None:
    ageing = {"Old": Ageing("New", since="0.9.0", gone="0.10.0")}
    assert overdue(ageing, "0.9.9") == ()
    assert overdue(ageing, "0.10.0") == ("Old",)
    assert overdue(passerby._OLD, passerby.__version__) == ()
    assert all(old.instead in passerby.__all__ for old in passerby._OLD.values())


def test_a_plan_in_memory_hides_what_the_same_plan_in_a_file_hides(around: Path) -> None:
    plan = passerby.Plan.load("clip.plan.json")
    assert passerby.scan("clip.mp4").document.media == plan.document.media
    more = plan.keeping(*(track.id for track in plan.tracks)).hiding(
        (0, 0, 40, 40), start=0, end=0.2
    )
    more.save("more.json")
    one = passerby.redact("clip.mp4", "one.mp4", plan=more)
    two = passerby.redact("clip.mp4", "two.mp4", plan="more.json")
    for (_, ours), (_, theirs) in zip(
        decoded(around / "one.mp4"), decoded(around / "two.mp4"), strict=True
    ):
        assert np.abs(ours.astype(int) - theirs).mean() < 1
    assert one.counts == two.counts
    assert (one.counts.tracks_hidden, one.counts.frames_hidden_in) == (0, 5)


def test_frames_are_those_of_the_file_with_the_plan_s_regions_painted(around: Path) -> None:
    plan = passerby.Plan.load("clip.plan.json").hiding((0, 200, 60, 240), start=0.4)
    shown = list(passerby.frames("clip.mp4", plan, passerby.Policy(style="solid")))
    originals = list(decoded(around / "clip.mp4"))
    assert [frame.start for frame in shown] == [at for at, _ in originals]
    assert [a.end for a in shown[:-1]] == [b.start for b in shown[1:]]
    for frame, (_, original) in zip(shown, originals, strict=True):
        hidden = np.zeros(frame.picture.shape[:2], bool)
        for region in frame.hidden:
            cells = region.box.grown(2, 2).cells(SIZE)
            assert cells is not None
            hidden[cells] = True
            inner = region.box.grown(-4, -4).cells(SIZE)
            assert inner is not None
            assert (np.ptp(frame.picture[inner].astype(int), axis=(0, 1)) < 8).all()
        apart = np.abs(frame.picture.astype(int) - original)[~hidden]
        assert apart.mean() < 2  # chroma is enlarged by another way
        assert any(r.kind == "face" for r in frame.hidden)
        assert any(r.kind == "zone" for r in frame.hidden) == (frame.start >= Fraction(2, 5))


def test_a_plan_for_other_footage_gives_no_frame(around: Path) -> None:
    with pytest.raises(passerby.PasserbyError, match="made for other footage"):
        passerby.frames("photo.jpg", "clip.plan.json")


def test_own_pictures_come_out_in_order_with_their_times_and_without_the_face(
    around: Path,
) -> None:
    times = [n / 25 + (0.013 if n > 12 else 0) for n in range(25)]  # the rate need not be steady
    originals = [picture for _, picture in decoded(around / "clip.mp4")]
    buffer = np.empty_like(originals[0])

    def reused() -> Iterator[tuple[float, NDArray[np.uint8]]]:
        for at, picture in zip(times, originals, strict=True):
            buffer[:] = picture
            yield at, buffer

    shown = list(passerby.redact_frames(reused()))
    assert [frame.start for frame in shown] == [Fraction(at) for at in times]
    for frame, original in zip(shown, originals, strict=True):
        bare = np.ones(original.shape[:2], bool)
        for region in frame.hidden:
            bare[region.box.grown(18, 18).cells(SIZE)] = False  # whole blocks are hidden
        assert bare.any()
        np.testing.assert_array_equal(frame.picture[bare], original[bare])
        largest = max(frame.hidden, key=lambda region: region.box.area)
        (rows, cols) = largest.box.grown(-20, -20).cells(SIZE) or (0, 0)
        assert np.abs(frame.picture[rows, cols].astype(int) - original[rows, cols]).mean() > 20


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([(0, np.zeros((4, 4), np.uint8))], "picture 0 is uint8"),
        ([(0, np.zeros((4, 4, 3), np.float32))], "picture 0 is float32"),
        ([(0, np.zeros((40, 40, 3), np.uint8)), (1, np.zeros((4, 4, 3), np.uint8))], "picture 1"),
        ([(n, np.zeros((40, 40, 3), np.uint8)) for n in (0, 1, 1)], "picture 2 is not later"),
        ([(float("nan"), np.zeros((40, 40, 3), np.uint8))], "time of picture 0"),
        ([(0, [[[0, 0, 0]]])], "picture 0 is a list"),
    ],
)
def test_pictures_that_make_no_sense_end_it(given: list[pictures.Timed], said: str) -> None:
    with pytest.raises(passerby.PasserbyError, match=said):
        list(passerby.redact_frames(given))


def test_what_only_a_file_can_have_is_refused_at_once() -> None:
    for policy in (passerby.Policy(camera_noise="reduce"), passerby.Policy(keep_zone=("0,0,9,9",))):
        with pytest.raises(passerby.PasserbyError):
            passerby.redact_frames([], policy)
    with pytest.raises(passerby.PasserbyError):
        passerby.redact_frames([], "no-such-policy")
