"""The two loops that every job is made of; knows only core."""
