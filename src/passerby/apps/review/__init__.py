"""`passerby review`: a page on this machine, on which a person decides."""

from .server import Listening, serve

__all__ = ["Listening", "serve"]
