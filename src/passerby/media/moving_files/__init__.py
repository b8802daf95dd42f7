"""Writers of moving pictures: one picture at a time, so that memory is flat, and chunk by chunk
from an allow-list, so that nothing travels along."""

from .apng import ApngFile
from .canvas import MovingFile
from .gif import GifFile
from .webp import WebpFile

__all__ = ["ApngFile", "GifFile", "MovingFile", "WebpFile"]
