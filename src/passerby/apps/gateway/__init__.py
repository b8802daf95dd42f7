"""`passerby live` for others: what cameras publish, served from memory."""

from .access import ServeSettings
from .channel import Channel, Receiver
from .server import Listening, serve

__all__ = ["Channel", "Listening", "Receiver", "ServeSettings", "serve"]
