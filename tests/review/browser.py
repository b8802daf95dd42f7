"""A real browser, driven through its own debugging protocol: real keys and a real pointer.

Chromium from the system; the test says so and is skipped where there is none. Playwright would
bring a browser, and a Node.js, of its own.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--lang=en-US", "--remote-debugging-port=0",
)  # fmt: skip
NUMBERS = {
    "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38,
    "ArrowRight": 39, "ArrowDown": 40, "Delete": 46,
}  # fmt: skip


def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("needs Chromium: apt install chromium")


class Page:
    """One tab. Everything it complains about is in `complaints`."""

    def __init__(self, address: str, target: str) -> None:
        self.target = target
        self._stack = ExitStack()
        line = connect(address, max_size=None, proxy=None)
        self._line: ClientConnection = self._stack.enter_context(line)
        self._last = 0
        self.complaints: list[str] = []
        self.requests: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        self._last += 1
        self._line.send(json.dumps({"id": self._last, "method": method, "params": given}))
        while True:
            told = json.loads(self._line.recv(timeout=30))
            if told.get("id") == self._last:
                assert "error" not in told, (method, told["error"])
                result: dict[str, Any] = told["result"]
                return result
            self._note(told)

    def _note(self, told: dict[str, Any]) -> None:
        given = told.get("params", {})
        match told.get("method"):
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(given["exceptionDetails"])[:500])
            case "Log.entryAdded" if given["entry"]["level"] == "error":
                self.complaints.append(given["entry"]["text"])
            case "Network.requestWillBeSent":
                self.requests.append(given["request"]["url"])

    def js(self, text: str) -> Any:
        told = self.call("Runtime.evaluate", expression=text, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, text: str, seconds: float = 20) -> Any:
        """Wait until an expression is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.js(text)
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"never became true: {text}; {self.complaints}")

    def go(self, address: str, *, ready: str = "document.body?.dataset.ready === 'yes'") -> None:
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=address)
        self.until(ready)

    def reload(self) -> None:
        self.js("document.body.dataset.ready = 'old'")
        self.call("Page.reload", ignoreCache=True)
        self.until("document.body?.dataset.ready === 'yes'")

    def middle(self, selector: str) -> tuple[float, float]:
        """Of an element that is really there to be pointed at."""
        self.until(f"!!document.querySelector({json.dumps(selector)})")
        found = self.js(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'nearest'}); const r = e.getBoundingClientRect();"
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        return float(found[0]), float(found[1])

    def click(self, selector: str) -> None:
        x, y = self.middle(selector)
        self.drag([(x, y)])

    def drag(self, points: Sequence[tuple[float, float]]) -> None:
        """Press at the first point, move along, let go at the last."""

        def pointer(kind: str, x: float, y: float) -> None:
            held = {"button": "left", "clickCount": 1, "buttons": 1}
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **held)

        pointer("mousePressed", *points[0])
        for point in points[1:]:
            pointer("mouseMoved", *point)
        pointer("mouseReleased", *points[-1])

    def press(self, key: str, *, control: bool = False, shift: bool = False) -> None:
        alone = {" ": "Space"}.get(key, key)
        code = f"Key{key.upper()}" if len(key) == 1 and key.isalpha() else alone
        given = {"key": key, "code": code, "modifiers": 2 * control + 8 * shift}
        given |= {"windowsVirtualKeyCode": NUMBERS.get(key, ord(key[0].upper()))}
        self.call("Input.dispatchKeyEvent", type="rawKeyDown", **given)
        if len(key) == 1 and not control:
            self.call("Input.dispatchKeyEvent", type="char", text=key, key=key)
        self.call("Input.dispatchKeyEvent", type="keyUp", **given)

    def looks(self, wide: int, high: int, *, dark: bool = False) -> None:
        """The size of the window, and the person's scheme of colours."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=wide,
            height=high,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def shot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def close(self) -> None:
        """Close the tab."""
        with suppress(ConnectionClosed):
            self.call("Page.close")
        self._stack.close()


class Browser:
    def __init__(self, port: int) -> None:
        self._port = port
        self._pages: list[Page] = []

    def page(self) -> Page:
        """A new tab."""
        first = self._pages[0] if self._pages else None
        if first is not None:
            first.call("Target.createTarget", url="about:blank", newWindow=False)
        with urlopen(f"http://127.0.0.1:{self._port}/json/list") as answer:
            found = [t for t in json.loads(answer.read()) if t["type"] == "page"]
        known = {page.target for page in self._pages}
        target = next(t for t in found if t["id"] not in known)
        page = Page(target["webSocketDebuggerUrl"], target["id"])
        page.looks(1366, 768)
        self._pages.append(page)
        return page


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Chromium with a fresh profile below `folder`."""
    process = subprocess.Popen(
        [chromium(), *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            found = re.search(r"ws://127\.0\.0\.1:(\d+)/", line)
            if found:
                break
        else:
            pytest.skip("Chromium is there and does not start")
        yield Browser(int(found[1]))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stderr.close()
