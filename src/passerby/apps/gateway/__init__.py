"""`passerby live` for others: what cameras publish, served from memory."""

from .access import ServeSettings
from .channel import Channel, Receiver

__all__ = ["Channel", "Receiver", "ServeSettings"]
