"""What the web server answers: the dashboard, HLS, a plain stream, health and metrics."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ...core.errors import OutputError
from ...media.fragments import Fragments
from .channel import Channel
from .hls import Hls
from .rtp import headers
from .telling import Watch

if TYPE_CHECKING:
    from .webrtc import Whep

STATIC: Final = (Path(__file__).parent / "static").resolve()
MOST_STREAMS: Final = 64
PATIENCE: Final = 20.0  # seconds that a receiver may take for one fragment
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_LIST: Final = "application/vnd.apple.mpegurl"
_FILE: Final = re.compile(r"(head|segment|part)-(\d{1,9})(?:-(\d{1,6}))?\.mp4")


class Answers:
    """About `channels`, which may change while it runs. `close` ends what runs on.

    `whep`: None where WebRTC is not installed.
    """

    def __init__(self, channels: Mapping[str, Channel], watch: Watch, whep: Whep | None) -> None:
        self._channels, self._watch, self._whep = channels, watch, whep
        self._lists: dict[str, tuple[Channel, Hls]] = {}
        self._streams: set[asyncio.Task[object]] = set()

    async def close(self) -> None:
        for _, playing in self._lists.values():
            playing.close()
        for task in tuple(self._streams):
            task.cancel()
        if self._whep is not None:
            await self._whep.close()

    async def page(self, request: Request) -> Response:
        asked = request.path_params.get("path") or "index.html"
        path = (STATIC / asked).resolve()
        if path.suffix not in _TYPES or STATIC not in path.parents or not path.is_file():
            return missing()
        return Response(path.read_bytes(), media_type=_TYPES[path.suffix])

    async def health(self, request: Request) -> Response:
        told = self._watch.health()
        status = 200 if told["ok"] else 503
        return JSONResponse(told if request.state.known else {"ok": told["ok"]}, status)

    async def metrics(self, request: Request) -> Response:
        return Response(self._watch.metrics(), media_type="text/plain; version=0.0.4")

    async def cameras(self, request: Request) -> Response:
        ways = [*(["webrtc"] if self._whep else []), "stream", "hls"]
        return JSONResponse({"cameras": self._watch.cameras(), "ways": ways})

    async def offer(self, request: Request) -> Response:
        """WHEP: an offer in, an answer out."""
        channel = self._channels.get(request.path_params["name"])
        if channel is None:
            return missing()
        if self._whep is None:
            what = "WebRTC is not installed: pip install 'passerby[webrtc]'"
            return JSONResponse({"code": "missing", "what": what}, 501)
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/sdp":
            return JSONResponse({"code": "usage", "what": "an offer in SDP is wanted"}, 415)
        try:
            offer = (await request.body()).decode()
            if self._whep.full:
                return JSONResponse({"code": "busy", "what": "too many watch"}, 503)
            name, answer = await self._whep.offer(channel, offer)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody hears it
        except ValueError:
            return JSONResponse({"code": "usage", "what": "this offer has no answer"}, 406)
        where = f"/cameras/{channel.name}/whep/{name}"
        return Response(answer, 201, {"Location": where}, "application/sdp")

    async def leave(self, request: Request) -> Response:
        channel = self._channels.get(request.path_params["name"])
        session = request.path_params["session"]
        if channel is None or self._whep is None or not await self._whep.end(channel, session):
            return missing()
        return Response(status_code=200)

    async def hls(self, request: Request) -> Response:
        playing = self._hls(request.path_params["name"])
        if playing is None:
            return missing()
        file = request.path_params["file"]
        if file == "index.m3u8":
            return _listed(await playing.main())
        if file == "live.m3u8":
            return await _playlist(playing, request)
        found = _FILE.fullmatch(file)
        if found is None:
            return missing()
        number, place = int(found[2]), found[3]
        data: bytes | None = None
        if found[1] == "part" and place is not None:
            data = await playing.part(number, int(place))
        elif found[1] == "segment" and place is None:
            data = await playing.segment(number)
        elif place is None:
            data = playing.head(number)
        return missing() if data is None else Response(data, media_type="video/mp4")

    async def stream(self, request: Request) -> Response:
        channel = self._channels.get(request.path_params["name"])
        if channel is None:
            return missing()
        if len(self._streams) >= MOST_STREAMS:
            return JSONResponse({"code": "busy", "what": "too many watch"}, 503)
        return _Endless(channel, self._streams)

    def _hls(self, name: str) -> Hls | None:
        channel = self._channels.get(name)
        for other, (its, playing) in tuple(self._lists.items()):
            if self._channels.get(other) is not its:
                playing.close()
                del self._lists[other]
        if channel is None:
            return None
        if name not in self._lists:
            self._lists[name] = (channel, Hls(channel))
        return self._lists[name][1]


def application(answers: Answers) -> Starlette:
    """Everything that can be asked, by address."""
    camera = "/cameras/{name}"
    return Starlette(
        routes=[
            Route("/health", answers.health),
            Route("/metrics", answers.metrics),
            Route("/api/cameras", answers.cameras),
            Route(f"{camera}/hls/{{file}}", answers.hls),
            Route(f"{camera}/stream.mp4", answers.stream),
            Route(f"{camera}/whep", answers.offer, methods=["POST"]),
            Route(f"{camera}/whep/{{session}}", answers.leave, methods=["DELETE"]),
            Route("/{path:path}", answers.page),
        ]
    )


class _Endless(Response):
    """The stream as fragmented MP4, for as long as somebody reads and its headers stay."""

    def __init__(self, channel: Channel, streams: set[asyncio.Task[object]]) -> None:
        super().__init__(media_type="video/mp4")
        self._channel, self._streams = channel, streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            await super().__call__(scope, receive, send)
            return
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_gone(receive))
        self._streams.add(sending)
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._streams.discard(sending)
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        receiver = self._channel.subscribe(fresh=True)
        sets: tuple[bytes, bytes] | None = None
        muxer: Fragments | None = None
        head = [(b"content-type", b"video/mp4")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        begun = False
        try:
            while (coded := await receiver.next()) is not None:
                shape = self._channel.published
                now = headers(coded.data) if coded.key else sets
                if muxer is None and shape is not None:
                    muxer, sets = Fragments(shape), now
                if muxer is None or now != sets:
                    break
                fragment = muxer.put(coded)
                if fragment is None:
                    continue
                data = fragment.data if begun else muxer.head + fragment.data
                begun = True
                async with asyncio.timeout(PATIENCE):
                    await send({"type": "http.response.body", "body": data, "more_body": True})
        except OutputError:
            pass
        finally:
            receiver.close()
        with suppress(OSError):
            await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _playlist(playing: Hls, request: Request) -> Response:
    asked = request.query_params
    try:
        number, part = _whole(asked.get("_HLS_msn")), _whole(asked.get("_HLS_part"))
        if part is not None and number is None:
            raise ValueError
        return _listed(await playing.playlist(number, part))
    except ValueError:
        return JSONResponse({"code": "usage", "what": "there is no such part yet"}, 400)


def _whole(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise ValueError
    return int(text)


def _listed(text: str | None) -> Response:
    if text is None:
        return JSONResponse({"code": "missing", "what": "nothing is published now"}, 503)
    return Response(text, media_type=_LIST)


def missing() -> Response:
    return JSONResponse({"code": "missing", "what": "there is nothing here"}, 404)
