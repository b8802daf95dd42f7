"""The dashboard in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.gateway.feeding import feeding, serving
from tests.review.axe import axe
from tests.review.browser import Page, browser

from passerby.apps.gateway import Channel
from passerby.core.geometry import Size
from passerby.jobs.live import Status

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("chromium")) as chromium:
        yield chromium.page()


SERIOUS = (
    "axe.run(document).then(r => r.passes.length < 10 ? ['hardly anything was checked'] : "
    "r.violations.filter(v => ['serious', 'critical'].includes(v.impact))"
    ".map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 120)).join(' | ')))"
)


# What is drawn, read back as numbers: a picture moves, and is not one flat colour.
PIXELS = """(() => {
  const v = document.querySelector('[data-camera="garden"] video');
  if (!v.videoWidth) return null;
  const c = new OffscreenCanvas(v.videoWidth, v.videoHeight), x = c.getContext('2d');
  x.drawImage(v, 0, 0);
  const d = x.getImageData(0, v.videoHeight - 24, v.videoWidth, 24).data, side = v.videoWidth >> 4;
  const at = n => (12 * v.videoWidth + n * side + (side >> 1)) * 4;
  return [...Array(16).keys()].map(n => d[at(n)] > 127 ? 1 : 0);
})()"""


def number(page: Page) -> int | None:
    bits: list[int] = page.js(PIXELS) or []
    if not bits or any(a == b for a, b in zip(bits[:8], bits[8:], strict=True)):
        return None
    return sum(bit << n for n, bit in enumerate(bits[:8]))


def test_where_there_is_no_webrtc_the_stream_is_fetched(page: Page) -> None:
    told = page.call(
        "Page.addScriptToEvaluateOnNewDocument", source="delete window.RTCPeerConnection"
    )
    try:
        names = ("garden", "door", "yard", "gate", "shop", "hall", "roof")
        with feeding(*names) as channels, serving(channels) as server:
            page.looks(2400, 1500)
            for channel in channels.values():
                channel.status = Status("open").as_dict()
            page.go(f"{server.web}")
            page.until("document.querySelector('[data-camera=garden]').dataset.way === 'stream'")
            wait = "new Promise(d => setTimeout(d, 50))"
            assert len({number(page) for _ in range(30) if not page.js(wait)} - {None}) > 8
            channels["garden"].status = Status("lost").as_dict()
            page.until("document.body.innerText.includes('Camera away')")  # there is a way left
    finally:
        page.call("Page.removeScriptToEvaluateOnNewDocument", identifier=told["identifier"])


def test_the_picture_moves_and_the_page_asks_nobody_else(page: Page) -> None:
    with feeding("garden", "door", size=Size(640, 360)) as channels, serving(channels) as server:
        channels["garden"].status = Status("open", came=90, shown=80, covered=2).as_dict()
        told = {"heads_most": 3, "heads_mean": 1.5, "view_dark": 1}
        channels["door"].status = Status(
            "lost", "no answer", idle=9, stride=2, numbers=told
        ).as_dict()
        page.go("about:blank", ready="location.href === 'about:blank'")
        page.requests.clear()
        page.complaints.clear()
        page.go(f"{server.web}")
        page.until("document.querySelector('[data-camera=garden]').dataset.way === 'WebRTC'")
        seen = {
            number(page) for _ in range(40) if not page.js("new Promise(d => setTimeout(d, 50))")
        }
        assert len(seen - {None}) > 8, "it moves"
        assert page.js("document.querySelector('[data-camera=garden] .word').textContent") == (
            "Publishing"
        )
        assert "Camera away" in page.js("document.querySelector('[data-camera=door]').innerText")
        assert "at most 3" in page.js("document.querySelector('[data-camera=door]').innerText")
        assert "dark" in page.js("document.querySelector('[data-camera=door] .why').innerText")
        assert "no answer" in page.js("document.querySelector('[data-camera=door]').innerText")
        assert not page.complaints
        own = (server.web or "", "blob:", "about:")
        assert all(request.startswith(own) for request in page.requests), page.requests
        for wide, high, dark in ((1366, 768, False), (360, 740, True)):
            page.looks(wide, high, dark=dark)
            page.js("new Promise(d => setTimeout(d, 300))")
            assert page.js("document.documentElement.scrollWidth") <= wide, "nothing is cut off"
        page.looks(1366, 768)
        page.click("[data-camera=garden] .toggle")
        page.until("document.querySelector('[data-camera=garden]').dataset.way === ''")
        channels["garden"].status = Status("lost").as_dict()
        page.until("document.getElementById('told').textContent.includes('garden: Camera away')")
        del channels["door"]
        page.until("!document.querySelector('[data-camera=door]')")


def test_nothing_keeps_people_out(page: Page) -> None:
    source = axe()
    with feeding("garden") as channels, serving(channels) as server:
        channels["garden"].status = Status("open", shown=1).as_dict()
        channels["door"] = Channel("door")
        for dark in (False, True):
            page.looks(390, 844, dark=dark)
            page.go(f"{server.web}")
            page.js(source + "; true")
            assert page.js(SERIOUS) == []
