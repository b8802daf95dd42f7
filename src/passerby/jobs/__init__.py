"""Where the rooms are introduced to each other: the Python API."""
