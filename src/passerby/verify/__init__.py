"""The finished output -> a verdict. Trusts none of the other rooms."""

from .container import inspect, walk
from .credentials import holds_store
from .findings import Finding, NotMade, Verdict
from .pixels import compare, examine

__all__ = ["Finding", "NotMade", "Verdict", "compare", "examine", "holds_store", "inspect", "walk"]
