"""A real camera on loopback through `passerby live`: what is published never shows the face."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.live.camera import (
    FRAMES,
    Film,
    Server,
    Tap,
    Watched,
    camera,
    decoded,
    judged,
    live,
    needs_rtsp,
    tapped,
)

pytestmark = pytest.mark.slow
LEFT = 0.5  # of a face's detail: a veil leaves up to 0.3 by chance, a bare face 0.9 and more


@pytest.fixture(scope="module")
def film(astronaut: Path) -> Film:
    with Image.open(astronaut) as image:
        return Film.of(image.convert("RGB").crop((120, 20, 320, 220)))


@pytest.fixture
def filming(tmp_path: Path, film: Film) -> Iterator[Server]:
    needs_rtsp()
    with camera(tmp_path, film) as server:
        yield server


@pytest.fixture
def tap(tmp_path: Path) -> Iterator[Tap]:
    with tapped(tmp_path) as there:
        yield there


def watched(source: str, *more: str, code: str = "", **surroundings: str) -> Watched:
    return Watched(live(source, *more, "--status", "json", code=code, **surroundings))


def test_the_judge_sees_a_bare_face(tmp_path: Path, film: Film) -> None:
    film.write(tmp_path / "bare.mp4")
    seen = judged(decoded(tmp_path / "bare.mp4"), film)
    assert seen.numbers == list(range(FRAMES))
    assert seen.worst > 0.9


def test_a_camera_is_published_and_no_picture_shows_the_face(
    filming: Server, tap: Tap, film: Film
) -> None:
    running = watched(filming.url, "--to", tap.url)
    running.until("shown >= 120", 60)
    code, said = running.end()
    assert code == 0, said
    seen = judged(tap.pictures(), film)
    assert len(seen.numbers) >= 100
    assert len(set(seen.numbers)) > FRAMES * 3 / 4
    assert seen.worst < LEFT
    assert seen.curtains < len(seen.numbers)  # until the models are read


def test_a_film_waits_until_somebody_looks(tmp_path: Path, film: Film) -> None:
    """However long it takes to get ready, its beginning is not covered, and nobody is shown."""
    film.write(tmp_path / "film.mp4")
    code = (
        "import time\n"
        "from passerby.detect import centerface\n"
        "kind = centerface.CenterFace\n"
        "before = kind.detect\n"
        "def detect(self, *a, **k):\n"
        "    kind.detect = before\n"
        "    time.sleep(3)\n"
        "    return before(self, *a, **k)\n"
        "kind.detect = detect\n"
    )
    running = live(f"{tmp_path}/film.mp4", "--to", f"{tmp_path}/rec/", code=code)
    _, said = running.communicate(timeout=120)
    assert running.returncode == 0, said
    pictures = [p for path in sorted((tmp_path / "rec").iterdir()) for p in decoded(path)]
    seen = judged(pictures, film)
    assert seen.worst < LEFT
    assert seen.numbers[0] < 12
    assert len(seen.numbers) > FRAMES / 2


def test_a_camera_that_dies_or_freezes_is_opened_again(
    filming: Server, tap: Tap, film: Film
) -> None:
    running = watched(filming.url, "--to", tap.url, "--silence", "1")
    running.until("shown >= 20")
    filming.kill()
    lost = running.until("state != 'open'")
    filming.start()
    before = running["shown"]
    found = running.until(f"shown >= {before} + 10")
    filming.signal(signal.SIGSTOP)
    frozen = running.until("state != 'open'")
    filming.signal(signal.SIGCONT)
    before = running["shown"]
    thawed = running.until(f"shown >= {before} + 10")
    code, said = running.end()
    assert code == 0, said
    print(f"seen {lost:.1f} s after, back {found:.1f} s; frozen {frozen:.1f} s, {thawed:.1f} s")
    seen = judged(tap.pictures(), film)
    assert seen.worst < LEFT
    assert seen.curtains > 0  # while nothing came


BREAKS = {
    "fails now and then": "raise RuntimeError('no')",
    "hangs": "import time; time.sleep(600)",
    "is slow": "import time; time.sleep(1.5)",
}


@pytest.mark.parametrize("how", BREAKS)
def test_nobody_is_shown_while_whoever_looks(
    filming: Server, tap: Tap, film: Film, how: str
) -> None:
    """The detector goes wrong for a while, or for good: curtains, never a bare picture."""
    code = (
        "import itertools\n"
        "from passerby.detect import centerface\n"
        "kind, turn = centerface.CenterFace, itertools.count()\n"
        "before = kind.detect\n"
        "def detect(self, *a, **k):\n"
        "    if 12 <= next(turn) < 16:\n"
        f"        {BREAKS[how]}\n"
        "    return before(self, *a, **k)\n"
        "kind.detect = detect\n"
    )
    running = watched(filming.url, "--to", tap.url, code=code)
    running.until("covered >= 10", 40)
    before = running["shown"]
    if how != "hangs":
        running.until(f"shown >= {before} + 20", 40)
    running.end()
    seen = judged(tap.pictures(), film)
    assert seen.worst < LEFT
    assert seen.curtains >= 5


def test_a_picture_that_changes_its_size_is_followed_anew(
    tmp_path: Path, film: Film, astronaut: Path, tap: Tap
) -> None:
    needs_rtsp()
    with Image.open(astronaut) as image:
        small = Film.of(image.convert("RGB").crop((120, 20, 320, 220)), 480, 270)
    with camera(tmp_path, film, small) as server:
        running = watched(server.url, "--to", f"{tmp_path}/rec/", "--to", tap.url)
        running.until("shown >= 20")
        server.say("next")
        running.until("sections >= 2")
        before = running["shown"]
        running.until(f"shown >= {before} + 20")
        code, said = running.end()
    assert code == 0, said
    seen = [p for path in sorted((tmp_path / "rec").iterdir()) for p in decoded(path)]
    assert len(seen) > 30
    assert judged([p for p in seen if p.shape == film.pictures[0].shape], film).worst < LEFT


def test_a_wrong_password_is_said_and_never_shown(tmp_path: Path, film: Film) -> None:
    needs_rtsp()
    with camera(tmp_path, film, login="viewer:Sesame77") as server:
        for secret, works in (("viewer:Wrong88", False), ("viewer:Sesame77", True)):
            running = live(
                server.url, "--to", f"{tmp_path}/rec/", "--for", "6", PASSERBY_LOGIN=secret
            )
            out, said = running.communicate(timeout=60)
            assert (running.returncode == 0) is works, said
            assert secret.split(":")[1] not in out + said
            if not works:
                assert "user and password" in said
                assert not [p for p in tmp_path.rglob("*.mp4") if p.stat().st_size]


def test_a_film_that_breaks_off_is_told_as_one(tmp_path: Path, film: Film) -> None:
    film.write(tmp_path / "film.mp4")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes((tmp_path / "film.mp4").read_bytes()[:9000])
    running = live(str(cut), "--to", f"{tmp_path}/rec/")
    _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "cut.mp4" in said
    assert "copied whole" in said


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        ("ftp://user:Secret55@there/a", "x.m3u8", "ftp"),
        ("none.mp4", "x.m3u8", "none.mp4"),
        ("rtsp://user:Secret55@127.0.0.1:9/cam", "nowhere.txt", "nowhere.txt"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(
    tmp_path: Path, source: str, target: str, told: str
) -> None:
    running = live(source, "--to", target)
    _, said = running.communicate(timeout=60)
    assert running.returncode in (1, 2)
    assert told in said
    assert "Secret55" not in said
    assert "Traceback" not in said
