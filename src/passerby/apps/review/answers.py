"""What the page can ask. All of it trusts that `Gate` let the request in."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ...core.errors import PasserbyError, PlanError, UsageError
from ...core.geometry import Box
from ...jobs.review import Outdated
from . import views
from .export import failure, unknown
from .films import Films
from .gate import Tokens

STATIC: Final = (Path(__file__).parent / "static").resolve()
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_WIDEST: Final = 3840

Answer = Callable[[Request], Awaitable[Response]]
Work = Callable[[Request], Response]
Call = Callable[[], object]


class Answers:
    """About `films`. `touch` is told that somebody is there, `end` that they want to end."""

    def __init__(self, films: Films, tokens: Tokens, touch: Call, end: Call) -> None:
        self.films, self.tokens, self.touch, self.end = films, tokens, touch, end

    async def enter(self, request: Request) -> Response:
        given = await _json(request)
        token = given.get("token")
        key = self.tokens.enter(token) if isinstance(token, str) else None
        if key is None:
            return JSONResponse({"code": "refused", "what": "this link is used up"}, 403)
        self.touch()
        return JSONResponse({"key": key})

    def listed(self, request: Request) -> Response:
        return JSONResponse([film.told() for film in self.films.films])

    async def edit(self, request: Request) -> Response:
        self.touch()
        session = self.films.ready(_film(request))
        try:
            expected = int(request.query_params.get("expected", ""))
        except ValueError:
            raise UsageError("an edit says how many it has seen") from None
        body = await request.body()
        await run_in_threadpool(session.add, body, expected)
        return JSONResponse(await run_in_threadpool(views.state, session))

    async def follow(self, request: Request) -> Response:
        self.touch()
        session, given = self.films.ready(_film(request)), await _json(request)
        try:
            at, back = int(given["frame"]), bool(given.get("back"))
            box = Box(*map(float, given["box"]))
        except (KeyError, TypeError, ValueError):
            raise UsageError("what is to be followed makes no sense") from None
        keys = await run_in_threadpool(session.follow, at, box, back=back)
        return JSONResponse({"keys": keys})

    async def export(self, request: Request) -> Response:
        self.touch()
        given = await _json(request)
        self.films.start_export(_film(request), replace=given.get("replace") is True)
        return JSONResponse({"status": "running"})

    def stop(self, request: Request) -> Response:
        running = self.films.films[_film(request)].export
        if running is not None:
            running.cancel()
        return JSONResponse({"status": "stopping"})

    def poll(self, request: Request) -> Response:
        """Cheap, and asked every few seconds: has anything changed?"""
        if request.query_params.get("active") == "1":
            self.touch()
        number = _film(request)
        film = self.films.films[number] if 0 <= number < len(self.films.films) else None
        if film is None or film.session is None:
            return JSONResponse({"revision": None})
        exported = None if film.export is None else film.export.told()
        return JSONResponse({"revision": film.session.revision, "export": exported})

    async def quit(self, request: Request) -> Response:
        self.end()
        return JSONResponse({"status": "ending"})

    def picture(self, request: Request) -> Response:
        asked = request.query_params
        session = self.films.ready(_film(request))
        self.touch()
        number, wide = _whole(asked.get("at")), min(_WIDEST, max(16, _whole(asked.get("wide"))))
        redacted = asked.get("view") != "original"
        coded = session.picture(number, redacted=redacted, wide=wide)
        return Response(coded, media_type="image/jpeg")

    def thumbnail(self, request: Request) -> Response:
        session = self.films.ready(_film(request))
        coded = session.thumbnail(_whole(request.query_params.get("track")))
        return Response(coded, media_type="image/jpeg")

    def regions(self, request: Request) -> Response:
        session = self.films.ready(_film(request))
        found = session.regions(_whole(request.query_params.get("at")))
        return JSONResponse(views.regions(*found))

    def about(self, view: Callable[..., Any]) -> Work:
        return lambda request: JSONResponse(view(self.films.ready(_film(request))))


def application(films: Films, tokens: Tokens, touch: Call, end: Call) -> Starlette:
    """Everything that can be asked, by address."""
    to = Answers(films, tokens, touch, end)
    one = "/api/films/{film:int}"
    return Starlette(
        routes=[
            Route("/api/enter", _kept(to.enter), methods=["POST"]),
            Route("/api/quit", _kept(to.quit), methods=["POST"]),
            Route("/api/films", _threaded(to.listed)),
            Route(one, _threaded(to.about(views.film))),
            Route(f"{one}/tracks", _threaded(to.about(views.tracks))),
            Route(f"{one}/state", _threaded(to.about(views.state))),
            Route(f"{one}/moments", _threaded(to.about(views.moments))),
            Route(f"{one}/frame", _threaded(to.picture)),
            Route(f"{one}/thumb", _threaded(to.thumbnail)),
            Route(f"{one}/regions", _threaded(to.regions)),
            Route(f"{one}/poll", _threaded(to.poll)),
            Route(f"{one}/edits", _kept(to.edit), methods=["POST"]),
            Route(f"{one}/follow", _kept(to.follow), methods=["POST"]),
            Route(f"{one}/export", _kept(to.export), methods=["POST"]),
            Route(f"{one}/export", _threaded(to.stop), methods=["DELETE"]),
            Route("/{path:path}", _kept(static)),
        ]
    )


async def static(request: Request) -> Response:
    """The page itself, which shows nothing to whoever has no key."""
    asked = request.path_params["path"] or "index.html"
    path = (STATIC / asked).resolve()
    if path.suffix not in _TYPES or STATIC not in path.parents or not path.is_file():
        return JSONResponse({"code": "missing", "what": "there is nothing here"}, 404)
    return Response(path.read_bytes(), media_type=_TYPES[path.suffix])


def _film(request: Request) -> int:
    return int(request.path_params["film"])


def _whole(text: str | None) -> int:
    try:
        return int(text or "")
    except ValueError:
        raise UsageError("a number is missing") from None


async def _json(request: Request) -> dict[str, Any]:
    try:
        given = json.loads(await request.body())
    except ValueError:
        raise UsageError("the request is no JSON") from None
    if not isinstance(given, dict):
        raise UsageError("the request is no JSON object")
    return given


def _threaded(work: Work) -> Answer:
    async def answer(request: Request) -> Response:
        response: Response = await run_in_threadpool(work, request)
        return response

    return _kept(answer)


def _kept(answer: Answer) -> Answer:
    """Errors as answers: ours with their words, others without."""

    async def told(request: Request) -> Response:
        try:
            return await answer(request)
        except Outdated as error:
            return JSONResponse(failure(error), 409)
        except (UsageError, PlanError) as error:
            return JSONResponse(failure(error), 400)
        except PasserbyError as error:
            return JSONResponse(failure(error), 500)
        except Exception as error:  # a page gets an answer, without its words
            return JSONResponse(failure(unknown(error)), 500)

    return told
