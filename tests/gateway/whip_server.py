"""Takes a stream by WHIP, in a process of its own: how many pictures, and the token it wants.

Says its port, then the numbers of the pictures as JSON, then that the session was ended.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import uvicorn
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.gateway.feeding import numbers

COUNT, TOKEN = int(sys.argv[1]), sys.argv[2]
lines: list[RTCPeerConnection] = []
reading: set[asyncio.Task[None]] = set()


def say(told: object) -> None:
    print(json.dumps(told), flush=True)


async def watch(track: Any) -> None:
    say(numbers([await track.recv() for _ in range(COUNT)]))


async def offer(request: Request) -> Response:
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        return Response(status_code=401)
    line = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    lines.append(line)
    line.on("track", lambda track: reading.add(asyncio.create_task(watch(track))))
    told = (await request.body()).decode()
    await line.setRemoteDescription(RTCSessionDescription(told, "offer"))
    await line.setLocalDescription(await line.createAnswer())
    answer = line.localDescription.sdp
    return Response(answer, 201, {"Location": "/session/1"}, "application/sdp")


async def leave(request: Request) -> Response:
    say("ended")
    return Response()


async def main() -> None:
    app = Starlette(
        routes=[
            Route("/whip", offer, methods=["POST"]),
            Route("/session/1", leave, methods=["DELETE"]),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    say(server.servers[0].sockets[0].getsockname()[1])
    await asyncio.wait_for(serving, 60)


asyncio.run(main())
