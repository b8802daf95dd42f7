"""Regions -> planes: hide what is inside."""

from .paint import Paint

__all__ = ["Paint"]
