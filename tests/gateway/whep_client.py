"""Watches by WHEP in a process of its own: URL, how many pictures. Says their numbers as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import urllib.request
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from tests.gateway.feeding import numbers


async def main() -> None:
    url, count = sys.argv[1], int(sys.argv[2])
    line = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    line.addTransceiver("video", direction="recvonly")
    came: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    line.on("track", came.set_result)
    await line.setLocalDescription(await line.createOffer())

    def ask(method: str, to: str, body: bytes | None) -> tuple[str, str]:
        headers = {"Content-Type": "application/sdp"}
        request = urllib.request.Request(to, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.headers.get("Location", ""), answer.read().decode()

    begun = time.monotonic()
    place, answer = await asyncio.to_thread(ask, "POST", url, line.localDescription.sdp.encode())
    await line.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    track = await came
    frames = [await track.recv()]
    first = time.monotonic() - begun
    frames += [await track.recv() for _ in range(count - 1)]
    print(json.dumps({"numbers": numbers(frames), "first": first, "answer": answer}))
    root = url.split("/cameras/")[0]
    await asyncio.to_thread(ask, "DELETE", root + place, None)
    await line.close()


asyncio.run(asyncio.wait_for(main(), 40))
