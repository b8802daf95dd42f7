"""Passerby: give it footage, get back the same footage in which nobody can be recognised."""

__version__ = "0.1.0"
