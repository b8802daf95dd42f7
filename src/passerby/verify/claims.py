"""What the values in a C2PA manifest may say: what was done and with what, and nothing about whom.

The certificate is the one exception: it names whoever the signer chose to name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from .cbor import Tagged, decoded

_UUID: Final = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_WORD: Final = re.compile(r"[a-z0-9./+-]{0,24}")
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_URL: Final = re.compile(rf"self#jumbf=(/c2pa/urn:c2pa:{_UUID}/)?[a-z0-9./_]{{1,60}}")
_SOURCE: Final = re.compile(r"http://cv\.iptc\.org/newscodes/digitalsourcetype/[A-Za-z]{1,40}")
_STATED: Final = {"passerby", "plan", "hidden", "style", "regions", "policy", "original_sha256"}
_PATH: Final = re.compile(r"/[a-z0-9]{4}")
_SIGN1: Final = 18  # the tag of a COSE signature of one signer
_PROTECTED: Final = {1, 33}  # the algorithm and the certificates


def modest(label: str, data: bytes) -> bool:
    """True when the value `data` of the part `label` says no more than it must. Raises ValueError
    where it makes no sense."""
    value = decoded(data)
    if label == "c2pa.signature":
        return _signature(value)
    if not isinstance(value, dict):
        return False
    if label == "c2pa.claim.v2":
        return _claim(value)
    if label == "c2pa.actions.v2":
        return set(value) == {"actions"} and all(_action(one) for one in value["actions"])
    return _stated(value) if label == "org.passerby.redaction" else _hash(value)


def _claim(value: Mapping[Any, Any]) -> bool:
    lists = [value.get(name, []) for name in ("created_assertions", "gathered_assertions")]
    known = {"instanceID", "claim_generator_info", "signature", "alg"}
    return (
        set(value) <= known | {"created_assertions", "gathered_assertions"}
        and bool(re.fullmatch(rf"xmp[.:]iid:{_UUID}", value["instanceID"]))
        and _maker(value["claim_generator_info"])
        and bool(_URL.fullmatch(value["signature"]))
        and _word(value.get("alg", ""))
        and all(_reference(one) for some in lists for one in some)
    )


def _reference(value: Any) -> bool:
    """Where an assertion is, and its hash."""
    return (
        set(value) <= {"url", "hash", "alg"}
        and bool(_URL.fullmatch(value["url"]))
        and len(value["hash"]) <= 64
        and _word(value.get("alg", ""))
    )


def _maker(value: Any) -> bool:
    return (
        set(value) <= {"name", "version", "org.contentauth.c2pa_rs"}
        and value.get("name") == "Passerby"
        and all(_word(value.get(name, "")) for name in ("version", "org.contentauth.c2pa_rs"))
    )


def _action(value: Mapping[Any, Any]) -> bool:
    parameters = value.get("parameters", {})
    return (
        set(value) <= {"action", "digitalSourceType", "softwareAgent", "parameters"}
        and value["action"] in ("c2pa.created", "c2pa.edited")
        and (
            "digitalSourceType" not in value or bool(_SOURCE.fullmatch(value["digitalSourceType"]))
        )
        and ("softwareAgent" not in value or _maker(value["softwareAgent"]))
        and set(parameters) <= {"org.passerby.hidden", "org.passerby.style"}
        and all(_words(one) for one in parameters.values())
    )


def _stated(value: Mapping[Any, Any]) -> bool:
    margins, digest = value.get("policy", {}), value.get("original_sha256")
    words = [value.get(name, "") for name in ("passerby", "plan", "hidden", "style")]
    return (
        set(value) <= _STATED
        and all(_words(one) for one in words)
        and isinstance(value.get("regions", 0), int)
        and all(_word(name.replace("_", "-")) for name in margins)
        and all(isinstance(one, int | float) for one in margins.values())
        and (digest is None or bool(_HEX.fullmatch(digest)))
    )


def _hash(value: Mapping[Any, Any]) -> bool:
    """What binds the manifest to the file. Padding must be blank, for it can hold anything."""
    pads = [value.get(name, b"") for name in ("pad", "pad2")]
    return (
        set(value) <= {"exclusions", "alg", "hash", "name", "pad", "pad2"}
        and value.get("name", "jumbf manifest") == "jumbf manifest"
        and _word(value.get("alg", ""))
        and len(value["hash"]) <= 64
        and not any(any(pad) for pad in pads)
        and all(_exclusion(one) for one in value.get("exclusions", []))
    )


def _exclusion(value: Mapping[Any, Any]) -> bool:
    """A range of bytes, or boxes of a kind."""
    if "xpath" not in value:
        return set(value) == {"start", "length"}
    asked = {name: one for name, one in value.items() if one is not None}
    return set(asked) <= {"xpath", "data"} and bool(_PATH.fullmatch(asked["xpath"]))


def _signature(value: Any) -> bool:
    """Certificates and a signature: no time stamp, no service's answer, blank padding."""
    if not isinstance(value, Tagged) or value.tag != _SIGN1:
        return False
    protected, loose, payload, signed = value.value
    return (
        set(decoded(protected)) <= _PROTECTED
        and set(loose) <= {"pad", "pad2"}
        and not any(any(pad) for pad in loose.values())
        and payload is None
        and len(signed) <= 1024
    )


def _words(value: Any) -> bool:
    return all(_word(one) for one in (value if isinstance(value, list) else [value]))


def _word(value: Any) -> bool:
    return isinstance(value, str) and bool(_WORD.fullmatch(value))
