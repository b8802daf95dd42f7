"""Thousands of files: what is done stays done, and one that fails stops no other."""
