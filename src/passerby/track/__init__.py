"""Detections -> tracks: association, motion, gaps."""
