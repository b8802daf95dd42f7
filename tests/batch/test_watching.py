"""A file is taken once nobody writes to it any more, and again when it changes."""

from __future__ import annotations

from pathlib import Path

from tests.batch.hands import orders

from passerby.apps.batch.order import Order
from passerby.apps.batch.watching import arriving, written_to
from passerby.apps.cli.batch_orders import listed


def test_a_file_that_still_grows_or_is_open_for_writing_is_waited_for(tmp_path: Path) -> None:
    clock = [0.0]

    def now() -> float:
        clock[0] += 0.5
        return clock[0]

    def there() -> list[Order]:
        return orders(tmp_path, *(p.name for p in sorted((tmp_path / "in").iterdir())))

    (tmp_path / "in").mkdir()
    come = arriving(there, every=1, settled=5, now=now)

    def until(seconds: float) -> list[str]:
        end, names = clock[0] + seconds, list[str]()
        while clock[0] < end:
            order = next(come)
            names += [] if order is None else [order.name]
        return names

    assert until(10) == []
    growing = (tmp_path / "in" / "a.mp4").open("w")
    assert until(20) == [], "it is empty yet"
    for _ in range(4):
        growing.write("more")
        growing.flush()
        assert until(3) == []
    assert until(20) == [], "somebody has it open"
    assert written_to(tmp_path / "in" / "a.mp4")
    growing.close()
    assert not written_to(tmp_path / "in" / "a.mp4")
    assert until(10) == ["a.mp4"]
    assert until(20) == []
    (tmp_path / "in" / "a.mp4").write_text("another film")
    assert until(3) == []
    assert until(10) == ["a.mp4"]


def test_a_file_whose_name_goes_to_another_is_taken_again_first_and_only_then(
    tmp_path: Path,
) -> None:
    clock = [0.0]

    def now() -> float:
        clock[0] += 0.5
        return clock[0]

    def there() -> list[Order]:
        return listed([str(tmp_path / "in")], str(tmp_path / "out"), tmp_path / "records")[0]

    def arrive(name: str) -> None:
        (tmp_path / "in" / name).write_text(name)

    (tmp_path / "in").mkdir()
    come = arriving(there, every=1, settled=5, now=now)

    def names() -> list[tuple[str, str]]:
        found = [next(come) for _ in range(60)]
        return [(Path(order.source).name, order.name) for order in found if order is not None]

    arrive("x.ts")
    assert names() == [("x.ts", "x.mp4")]
    arrive("x.mp4")
    assert names() == [("x.ts", "x.ts.mp4"), ("x.mp4", "x.mp4")]
    (tmp_path / "in" / "x.mp4").unlink()
    assert names() == [], "nobody else asks for the name that it has"
