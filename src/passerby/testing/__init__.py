"""Synthetic media and contract tests for plug-in authors."""
