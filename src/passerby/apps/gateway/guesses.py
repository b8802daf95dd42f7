"""Wrong passwords wait, and from where too many wait no other is looked at meanwhile."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from typing import Final

MOST_WRONG: Final = 8  # wrong passwords of one place that wait at the same time
WRONG: Final = 0.5  # seconds that each waits


class Guesses:
    """Counted by place, by RTSP and the web together; a place where none waits is forgotten."""

    def __init__(self) -> None:
        self._waiting = Counter[str]()

    def full(self, address: str) -> bool:
        """Whether a password from there is not to be looked at, be it right or wrong."""
        return self._waiting[place(address)] >= MOST_WRONG

    async def wait(self, address: str) -> None:
        """For a wrong password: begins to count at once."""
        where = place(address)
        self._waiting[where] += 1
        try:
            await asyncio.sleep(WRONG)
        finally:
            self._waiting[where] -= 1
            if not self._waiting[where]:
                del self._waiting[where]


def place(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 one: whoever has one of these has all of them."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)
