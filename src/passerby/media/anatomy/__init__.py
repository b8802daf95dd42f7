"""How a photo's file is built: what is a picture in it, for how long, and what travels along.

Each module walks one format by its own structure and reads no pixel. Nothing is kept of what is
found but its kind.
"""

from .parts import Anatomy, anatomy

__all__ = ["Anatomy", "anatomy"]
