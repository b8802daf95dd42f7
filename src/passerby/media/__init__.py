"""Bytes <-> frames. The only room with PyAV and Pillow."""
