"""How RTP packets get to a receiver: between the answers on its connection, or by UDP."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from typing import Any, Final

from .rtsp_words import Transport

PATIENCE: Final = 10  # seconds for a first request, or for one that does not read


class Interleaved:
    """Packets between the answers, on the same connection."""

    heard = 0.0

    def __init__(self, writer: asyncio.StreamWriter, wanted: Transport) -> None:
        self._writer, self._pair = writer, wanted.pair
        self.told = f"RTP/AVP/TCP;unicast;interleaved={wanted.pair[0]}-{wanted.pair[1]}"

    async def send(self, packets: list[bytes], report: bytes) -> None:
        framed = [self._framed(0, packet) for packet in packets]
        if report:
            framed.append(self._framed(1, report))
        self._writer.write(b"".join(framed))
        async with asyncio.timeout(PATIENCE):
            await self._writer.drain()

    def part(self, bye: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(self._framed(1, bye))

    def close(self) -> None:
        pass

    def _framed(self, which: int, packet: bytes) -> bytes:
        return b"$" + bytes([self._pair[which]]) + len(packet).to_bytes(2, "big") + packet


class Datagrams(asyncio.DatagramProtocol):
    """Packets by UDP, only ever to the address that the connection comes from."""

    def __init__(self, peer: str) -> None:
        self.heard = 0.0
        self.told = ""
        self._peer = peer
        self._ways: list[asyncio.DatagramTransport] = []
        self._ports = (0, 0)

    @classmethod
    async def open(cls, here: str, peer: str, wanted: Transport) -> Datagrams:
        loop = asyncio.get_running_loop()
        made = cls(peer)
        made._ports = wanted.pair
        for _ in range(8):  # two ports side by side, the first even
            first = 0
            try:
                for port in (0, 1):
                    bound = (here, first + port if first else 0)
                    way, _protocol = await loop.create_datagram_endpoint(
                        lambda: made, local_addr=bound
                    )
                    made._ways.append(way)
                    first = first or way.get_extra_info("sockname")[1]
                    if first % 2:
                        break
                else:
                    made.told = (
                        f"RTP/AVP;unicast;client_port={wanted.pair[0]}-{wanted.pair[1]};"
                        f"server_port={first}-{first + 1}"
                    )
                    return made
            except OSError:
                pass
            made.close()
        raise OSError("no two free ports side by side")

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if ipaddress.ip_address(addr[0]) == ipaddress.ip_address(self._peer):
            self.heard = time.monotonic()

    async def send(self, packets: list[bytes], report: bytes) -> None:
        for place, packet in enumerate(packets):
            self._ways[0].sendto(packet, (self._peer, self._ports[0]))
            if place % 32 == 31:  # a key frame must not overrun the receiver's buffer
                await asyncio.sleep(0.001)
        if report:
            self._ways[1].sendto(report, (self._peer, self._ports[1]))

    def part(self, bye: bytes) -> None:
        if self._ways:
            self._ways[1].sendto(bye, (self._peer, self._ports[1]))

    def close(self) -> None:
        for way in self._ways:
            way.close()
        self._ways = []
