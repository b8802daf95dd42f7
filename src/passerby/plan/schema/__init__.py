"""The published shape of each version of the plan."""
