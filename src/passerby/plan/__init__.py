"""Tracks, policy and edits -> a document -> a schedule."""
