"""Regions -> planes: hide what is inside."""
