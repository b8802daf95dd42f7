"""Detectors and voices that are installed, ours and others'. Imports none of them."""

from __future__ import annotations

from itertools import groupby

from .options import JsonOption
from .outcome import DONE
from .terminal import plain, put


def plugins(json: JsonOption = False) -> int:
    from ...jobs.plugins import listed

    found = listed()
    if json:
        put({"passerby": "plugins/1", "plugins": [plugin.as_dict() for plugin in found]})
        return DONE
    for what, some in groupby(found, key=lambda plugin: plugin.what):
        print(f"{what}s")
        for plugin in some:
            print(plain(f"  {plugin.name}: {plugin.package} {plugin.version}"))
    print("\npasserby redact INPUT --detector faces=NAME[:FILE] uses one", flush=True)
    return DONE
