"""`passerby cameras`: who is on the local network, and where their streams are."""

from .discovery import Answers, Sighting, discover
from .onvif import Stream, Told, ask
from .places import Login, Service, hidden, named, near, resolve
from .vendors import streams

__all__ = [
    "Answers",
    "Login",
    "Service",
    "Sighting",
    "Stream",
    "Told",
    "ask",
    "discover",
    "hidden",
    "named",
    "near",
    "resolve",
    "streams",
]
