"""C2PA manifests: signed into a finished JPEG, PNG, MP4 or MOV, and read back by the same library.

Needs the extra `passerby[provenance]`. Nothing is fetched: no time stamp, no revocation list, no
manifest from elsewhere, no list of trusted signers.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

from PIL import Image

from ..core.errors import OutputError, UsageError

MIME: Final = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
}
EXTRA: Final = "python -m pip install 'passerby[provenance]'"
ASSERTION: Final = "org.passerby.redaction"
# What became of the material before it was opened is not known, so no camera is claimed; what was
# done to it was done by a person with a tool that makes up no content.
SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/humanEdits"
# A film that is larger than this waits in a nameless temporary file while it is signed.
_IN_MEMORY: Final = 64  # MB
_SETTINGS: Final = {
    "core": {"backing_store_memory_threshold_in_mb": _IN_MEMORY},
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": False},
}
_BOUND: Final = ("assertion.dataHash.match", "assertion.bmffHash.match")
_CURVES: Final = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_NEEDED: Final = (
    "it needs the key usage digitalSignature and an extended usage such as emailProtection; "
    "docs/guide/sign-and-seal.md shows how to make one"
)
_MOST: Final = 1 << 20  # bytes of a certificate or key


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs: certificates as PEM, the signer's first, and the key as PKCS #8 PEM."""

    chain: bytes
    key: bytes = field(repr=False)
    algorithm: str = "es256"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the library's reader says of a file. `statement`: our own assertion, if there is one."""

    manifest: Literal["none", "valid", "not valid"]
    codes: tuple[str, ...] = ()
    statement: Mapping[str, Any] | None = None


def load(certificate: Path, key: Path) -> Credentials:
    """Read and try both; `UsageError` says what is wrong with which. Signs a tiny picture once."""
    _library("c2pa")
    secret = _private_key(key)
    chain = _chain(certificate, secret)
    serial = _library("cryptography.hazmat.primitives.serialization")
    found = Credentials(
        b"".join(one.public_bytes(serial.Encoding.PEM) for one in chain),
        secret.private_bytes(
            serial.Encoding.PEM, serial.PrivateFormat.PKCS8, serial.NoEncryption()
        ),
        _algorithm(secret, key),
    )
    _tried(found, certificate)
    return found


def sign(
    source: Path, target: Path, kind: str, credentials: Credentials, statement: Mapping[str, Any]
) -> None:
    """Write `source` with a manifest that makes `statement` into `target`. `kind`: of `MIME`."""
    try:
        with source.open("rb") as read, target.open("w+b") as written:
            _signed(read, written, MIME[kind], credentials, statement)
    except _library("c2pa").C2paError as error:
        raise OutputError(
            "the output can't be signed",
            hint="is there room for it twice in the temporary folder, and once beside the output?",
        ) from error


def read_back(path: Path, kind: str) -> Reading:
    """What the manifest in the file at `path` says, and whether it is about these very bytes."""
    with path.open("rb") as file:
        return _read(file, MIME[kind])


def _signed(
    source: BinaryIO,
    target: BinaryIO,
    mime: str,
    credentials: Credentials,
    statement: Mapping[str, Any],
) -> None:
    c2pa = _library("c2pa")
    info = c2pa.C2paSignerInfo(
        credentials.algorithm.encode(), credentials.chain, credentials.key, None
    )
    with (
        c2pa.Context.from_dict(_SETTINGS) as context,
        c2pa.Signer.from_info(info) as signer,
        c2pa.Builder(json.dumps(_manifest(statement, mime)), context) as builder,
    ):
        builder.sign(signer, mime, source, target)


def _manifest(statement: Mapping[str, Any], mime: str) -> dict[str, Any]:
    """The claim: opened by no name, made by Passerby, edited as `statement` says."""
    maker = {"name": "Passerby", "version": statement["passerby"]}
    parameters = {f"org.passerby.{name}": statement[name] for name in ("hidden", "style")}
    actions = [
        {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE},
        {"action": "c2pa.edited", "softwareAgent": maker, "parameters": parameters},
    ]
    return {
        "claim_generator_info": [maker],
        "format": mime,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {"label": ASSERTION, "data": dict(statement)},
        ],
    }


def _read(file: BinaryIO, mime: str) -> Reading:
    c2pa = _library("c2pa")
    with c2pa.Context.from_dict(_SETTINGS) as context:
        try:
            reader = c2pa.Reader.try_create(mime, file, context=context)
        except c2pa.C2paError as error:
            return Reading("not valid", (type(error).__name__.strip("_"),))
        if reader is None:
            return Reading("none")
        with reader:
            state = reader.get_validation_state()
            hashes = _hashes(json.loads(reader.detailed_json()))
            results = (reader.get_validation_results() or {}).get("activeManifest", {})
            active = reader.get_active_manifest() or {}
    good, odd, bad = (
        tuple(entry["code"] for entry in results.get(part, ()))
        for part in ("success", "informational", "failure")
    )
    # Bytes that a manifest leaves out of its hash, besides itself, could be anything. The library
    # leaves out boxes of MP4 that show nothing, and calls that additional; verify looks into them.
    left_out = [part for found in hashes for part in found.get("exclusions", ()) if "xpath" in part]
    known = all(_shows_nothing(part) for part in left_out)
    loose = tuple(c for c in odd if "additionalExclusions" in c and not ("bmff" in c and known))
    bound = any(code in good for code in _BOUND) and "claimSignature.validated" in good
    said = [a["data"] for a in active.get("assertions", ()) if a["label"] == ASSERTION]
    fine = state in ("Valid", "Trusted") and bound and not loose
    return Reading("valid" if fine else "not valid", bad + loose, said[0] if said else None)


def _hashes(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The assertions that bind the active manifest to its file."""
    active = told.get("manifests", {}).get(told.get("active_manifest"), {})
    store = active.get("assertion_store", {})
    return [found for label, found in store.items() if label.startswith("c2pa.hash.")]


def _shows_nothing(excluded: Mapping[str, Any]) -> bool:
    if excluded.get("xpath") == "/uuid":  # the manifest's own box
        return bool(excluded.get("data"))
    given = {name for name, value in excluded.items() if value is not None}
    return given == {"xpath"} and excluded["xpath"] in ("/ftyp", "/mfra", "/free", "/skip")


def _tried(credentials: Credentials, path: Path) -> None:
    """Sign a picture of one pixel and read it back: the library's own rules, before any work."""
    blank, signed = io.BytesIO(), io.BytesIO()
    Image.new("L", (1, 1)).save(blank, "PNG")
    blank.seek(0)
    c2pa = _library("c2pa")
    what = "this certificate can't sign C2PA manifests"
    try:
        _signed(
            blank, signed, MIME["png"], credentials, {"passerby": "", "hidden": [], "style": ""}
        )
    except c2pa.C2paError as error:
        raise UsageError(what, path=path, hint=_NEEDED) from error
    signed.seek(0)
    if _read(signed, MIME["png"]).manifest != "valid":
        raise UsageError(what, path=path, hint=_NEEDED)


def _private_key(path: Path) -> Any:
    """The one private key in the PEM file at `path`."""
    data = _bytes(path, "the key")
    if b"ENCRYPTED" in data:
        raise UsageError(
            "the key has a passphrase, which is not supported",
            path=path,
            hint="write it without one, onto an encrypted disk: openssl pkcs8 -topk8 -nocrypt",
        )
    serial = _library("cryptography.hazmat.primitives.serialization")
    try:
        return serial.load_pem_private_key(data, None)
    except Exception:  # a library's many kinds of refusal; their words may quote the key
        hint = "--key wants a private key as PEM"
        raise UsageError("this is no private key", path=path, hint=hint) from None


def _algorithm(key: Any, path: Path) -> str:
    """C2PA's name of the algorithm that fits the key."""
    kind = type(key).__name__.lower()
    if "ed25519" in kind:
        return "ed25519"
    if "rsa" in kind and key.key_size >= 2048:
        return "ps256"
    if (curve := getattr(getattr(key, "curve", None), "name", "")) in _CURVES:
        return _CURVES[curve]
    raise UsageError(
        "a key of this kind can't sign C2PA manifests",
        path=path,
        hint="use an elliptic key (P-256, P-384, P-521), Ed25519, or RSA of 2048 bits or more",
    )


def _chain(path: Path, key: Any) -> list[Any]:
    """The certificates in the PEM file at `path`, that of `key` first."""
    data = _bytes(path, "the certificate")
    x509 = _library("cryptography.x509")
    if b"PRIVATE KEY" in data:
        hint = "--sign wants the certificate alone; the key goes to --key"
        raise UsageError("there is a private key in the certificate's file", path=path, hint=hint)
    try:
        chain = list(x509.load_pem_x509_certificates(data))
    except ValueError:
        hint = "--sign wants certificates as PEM"
        raise UsageError("this is no certificate", path=path, hint=hint) from None
    ours = [one for one in chain if one.public_key() == key.public_key()]
    if not ours:
        hint = "give the key that the certificate was made for"
        raise UsageError("certificate and key don't belong together", path=path, hint=hint)
    now = datetime.now(UTC)
    for one in chain:
        if one.not_valid_after_utc < now:
            raise UsageError("the certificate has expired", path=path, hint="make a new one")
        if one.not_valid_before_utc > now:
            raise UsageError(
                "the certificate is not valid yet", path=path, hint="check this machine's clock"
            )
    return [ours[0], *(one for one in chain if one is not ours[0])]


def _bytes(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        reason = (error.strerror or "the system refused").lower()
        raise UsageError(f"{what} can't be read: {reason}", path=path) from error
    if len(data) > _MOST:
        raise UsageError(f"{what} is too large to be one", path=path)
    return data


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except (ImportError, OSError) as error:
        raise UsageError("signing needs an extra that is not installed", hint=EXTRA) from error
