"""What is done stays done, whatever happens to a batch, and nothing half done is trusted."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from tests.batch.hands import Silent, Two, made_of, orders

from passerby.apps.batch.driver import Driver, Outcome
from passerby.apps.batch.order import Order
from passerby.apps.batch.places import Disk
from passerby.apps.batch.records import Entry, Records
from passerby.core.errors import OutputError, UsageError
from passerby.jobs.settings import Settings

NAMES = ("a.jpg", "b/a.jpg", "b/c.mp4", "d.png")


class Power(Exception):
    """It went out."""


class Fails(Disk):
    """A disk of a machine whose power fails just before, or just after, the n-th file is put."""

    def __init__(self, count: int, *, after: bool) -> None:
        self._left, self._after = count, after

    def put(self, made: Path, place: str) -> None:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Power
        super().put(made, place)
        if self._left == 0:
            raise Power


def run(
    folder: Path,
    todo: list[Order],
    *,
    fate: Callable[[str, int], str] = lambda *_: "done",
    settings: Settings | None = None,
    force: bool = False,
    places: Disk | None = None,
) -> tuple[dict[str, Outcome], Two]:
    chosen = settings or Settings()
    with Records(folder / "records") as records:
        hands = Two(records.stage, chosen, fate)
        driver = Driver(records, places or Disk(), chosen, Silent(), force=force)
        try:
            found = {o.order.name: o for o in driver.run(todo, hands)}
        finally:
            assert hands.closed
    return found, hands


def made(folder: Path) -> dict[str, str]:
    out = folder / "out"
    return {p.relative_to(out).as_posix(): p.read_text() for p in out.rglob("*") if p.is_file()}


@limits(max_examples=40)
@given(
    st.integers(1, len(NAMES)),
    st.booleans(),
    st.integers(0, 400),
    st.lists(st.sampled_from(NAMES), max_size=2),
)
def test_cut_off_anywhere_and_gone_on_with_everything_is_made_once_and_as_it_should_be(
    count: int, after: bool, torn: int, changed: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        todo = orders(folder, *NAMES)
        with pytest.raises(Power):
            run(folder, todo, places=Fails(count, after=after))
        lines = folder / "records" / "receipts.jsonl"
        whole = lines.read_bytes()
        cut = min(torn, len(whole.splitlines(keepends=True)[-1]))
        lines.write_bytes(whole[: len(whole) - cut])  # the last line did not get to the disk
        for other in changed:
            (folder / "in" / other).write_text("something else")
        in_place = set(made(folder))
        _, hands = run(folder, todo)
        if cut > 1 and after:  # nobody knows any more whose it is: it is left, and said
            first = run(folder, todo, force=True)
            assert set(first[0]) == set(NAMES)
        assert made(folder) == {n: made_of((folder / "in" / n).read_text()) for n in NAMES}
        kept = {n for n in in_place if n not in changed}
        assert not kept & set(hands.given), "a finished file was made again"
        assert not (folder / "records" / ".passerby-stage").exists()
        if cut <= 1 or not after:
            assert run(folder, todo)[1].given == [], "what was done by then is not known any more"


def test_one_that_fails_stops_no_other_and_is_tried_again_by_the_next_run(tmp_path: Path) -> None:
    todo = orders(tmp_path, *NAMES)
    found, _ = run(tmp_path, todo, fate=lambda n, _: "failed" if n == "d.png" else "done")
    assert {n: o.how for n, o in found.items()} == {
        "a.jpg": "done",
        "b/a.jpg": "done",
        "b/c.mp4": "done",
        "d.png": "failed",
    }
    found, hands = run(tmp_path, todo)
    assert hands.given == ["d.png"]
    assert sorted(o.how for o in found.values()) == ["before", "before", "before", "done"]


def test_what_was_not_handed_over_is_not_made_again_for_nothing(tmp_path: Path) -> None:
    todo = orders(tmp_path, "a.jpg")
    run(tmp_path, todo, fate=lambda *_: "found")
    found, hands = run(tmp_path, todo)
    assert (found["a.jpg"].how, hands.given) == ("found", [])
    assert run(tmp_path, todo, force=True)[1].given == ["a.jpg"]


def test_a_lost_one_is_tried_a_few_times_at_last_alone_and_then_reported(tmp_path: Path) -> None:
    todo = orders(tmp_path, *NAMES)

    def fate(name: str, attempt: int) -> str:
        return "lost" if name == "a.jpg" or (name == "d.png" and attempt < 3) else "done"

    found, hands = run(tmp_path, todo, fate=fate)
    assert {n: hands.given.count(n) for n in NAMES} == dict(zip(NAMES, (3, 1, 1, 3), strict=True))
    assert sorted(hands.alone) == ["a.jpg", "d.png"]
    assert found["a.jpg"].how == "failed"
    error = found["a.jpg"].receipt.error
    assert error is not None
    assert (error.code, error.what) == ("worker", "the process was killed, 3 times")
    assert (found["d.png"].how, found["d.png"].entry.attempts) == ("done", 3)


def test_one_that_is_too_large_among_others_is_tried_alone_and_if_it_still_is_reported(
    tmp_path: Path,
) -> None:
    todo = orders(tmp_path, *NAMES)
    large = {"a.jpg": 9, "d.png": 1}
    found, hands = run(
        tmp_path, todo, fate=lambda n, attempt: "crowded" if attempt <= large.get(n, 0) else "done"
    )
    assert (hands.given.count("a.jpg"), found["a.jpg"].how) == (2, "failed")
    assert (hands.given.count("d.png"), found["d.png"].how) == (2, "done")
    assert sorted(hands.alone) == ["a.jpg", "d.png"]


def test_other_settings_make_it_anew_and_the_old_one_is_gone_meanwhile(tmp_path: Path) -> None:
    todo = orders(tmp_path, "a.jpg")
    run(tmp_path, todo)
    other = Settings(hide=("faces", "plates"))
    found, _ = run(tmp_path, todo, settings=other, fate=lambda *_: "found")
    assert found["a.jpg"].how == "found"
    assert made(tmp_path) == {}, "what hides less than is asked for now still lies there"


def test_what_others_put_in_its_place_is_theirs_unless_force_is_given(tmp_path: Path) -> None:
    todo = orders(tmp_path, "a.jpg", "d.png")
    run(tmp_path, todo)
    (tmp_path / "out" / "a.jpg").write_text("somebody's")
    found, hands = run(tmp_path, todo)
    assert (found["a.jpg"].how, hands.given) == ("failed", [])
    assert made(tmp_path)["a.jpg"] == "somebody's"
    found, hands = run(tmp_path, todo, force=True)
    assert made(tmp_path)["a.jpg"] == made_of("a.jpg")


def one_of(folder: Path, source: str, says: str, name: str = "a.jpg") -> Order:
    """An order for a file of any folder."""
    path = folder / source
    path.parent.mkdir(exist_ok=True)
    path.write_text(says)
    return Order(name, str(path), str(folder / "out" / name), 1)


@pytest.mark.parametrize("gone", [False, True])
def test_the_output_of_another_input_is_never_replaced_unless_force_is_given(
    tmp_path: Path, gone: bool
) -> None:
    one, other = one_of(tmp_path, "in 1/a.jpg", "one"), one_of(tmp_path, "in 2/a.jpg", "other")
    run(tmp_path, [one])
    if gone:
        Path(one.source).unlink()
    found, hands = run(tmp_path, [other])
    assert (found["a.jpg"].how, hands.given) == ("failed", [])
    error = found["a.jpg"].receipt.error
    assert error is not None
    assert error.what == "the output of another input lies in its place"
    assert made(tmp_path) == {"a.jpg": made_of("one")}
    if not gone:
        assert run(tmp_path, [one])[0]["a.jpg"].how == "before"
    found, _ = run(tmp_path, [other], force=True)
    assert (found["a.jpg"].how, made(tmp_path)) == ("done", {"a.jpg": made_of("other")})


def test_inputs_that_were_moved_or_are_named_by_another_path_are_still_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = one_of(tmp_path, "in 1/a.jpg", "one")
    run(tmp_path, [one])
    (tmp_path / "in 1").rename(tmp_path / "in 2")
    moved = Order(one.name, str(tmp_path / "in 2" / "a.jpg"), one.target, 1)
    found, _ = run(tmp_path, [moved], settings=Settings(hide=("faces", "plates")))
    assert found["a.jpg"].how == "done"
    (tmp_path / "in 2").rename(tmp_path / "in 3")
    again = Order(one.name, str(tmp_path / "in 3" / "a.jpg"), one.target, 1)
    chosen = Settings(hide=("faces", "plates"))
    assert run(tmp_path, [again], settings=chosen)[0]["a.jpg"].how == "before"
    monkeypatch.chdir(tmp_path)
    Path(again.source).write_text("changed")
    found, _ = run(tmp_path, [Order(one.name, "in 3/a.jpg", one.target, 1)])
    assert (found["a.jpg"].how, made(tmp_path)) == ("done", {"a.jpg": made_of("changed")})


def test_a_name_is_given_on_once_its_first_owner_has_another(tmp_path: Path) -> None:
    first = one_of(tmp_path, "in/a.jfif", "first")
    run(tmp_path, [first])
    again = Order("a.jfif.jpg", first.source, str(tmp_path / "out" / "a.jfif.jpg"), 1)
    found, _ = run(tmp_path, [again, one_of(tmp_path, "in/a.jpg", "second")])
    assert {o.how for o in found.values()} == {"done"}
    assert made(tmp_path) == {"a.jfif.jpg": made_of("first"), "a.jpg": made_of("second")}


def test_a_touched_source_is_known_by_its_bytes_and_a_copied_output_by_its_own(
    tmp_path: Path,
) -> None:
    todo = orders(tmp_path, "a.jpg", "d.png")
    run(tmp_path, todo)
    (tmp_path / "in" / "a.jpg").touch()
    copy = (tmp_path / "out" / "d.png").read_bytes()
    (tmp_path / "out" / "d.png").unlink()
    (tmp_path / "out" / "d.png").write_bytes(copy)
    assert run(tmp_path, todo)[1].given == []
    (tmp_path / "out" / "d.png").write_bytes(copy[:-1])
    found, _ = run(tmp_path, todo)
    assert found["d.png"].how == "failed"  # half of ours is nobody's


def test_records_are_kept_in_no_folder_that_holds_something_else(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "stage").mkdir(parents=True)
    (folder / "stage" / "concert.jpg").write_text("an original")
    for name in ("manifest.json", "lock"):
        (folder / name).write_text("somebody's")
        with pytest.raises(UsageError, match="something else"):
            Records(folder)
        (folder / "receipts.jsonl").write_text("of a shop\n")
    assert (folder / "manifest.json").read_text() == "somebody's"
    assert [path.name for path in (folder / "stage").iterdir()] == ["concert.jpg"]


@pytest.mark.parametrize("held", [(), ("lock",), ("lock", "receipts.jsonl"), ("receipts.jsonl",)])
def test_records_of_earlier_runs_are_known_also_of_those_that_died_at_once(
    tmp_path: Path, held: tuple[str, ...]
) -> None:
    for name in held:
        (tmp_path / name).touch()
    if held == ("receipts.jsonl",):  # copied without its lock, beside something to read
        (tmp_path / "receipts.jsonl").write_text('{"name":"a","source":"b"}\n{"name":')
        (tmp_path / "report.txt").write_text("of that run")
    with Records(tmp_path) as records:
        records.keep(Entry(name="b", source="b"))


def test_two_batches_never_write_to_one_folder(tmp_path: Path) -> None:
    with Records(tmp_path), pytest.raises(OutputError, match="another batch"):
        Records(tmp_path)
    with Records(tmp_path) as records:
        records.keep(Entry(name="a", source="b"))
