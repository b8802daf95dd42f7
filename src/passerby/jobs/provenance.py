"""Where an output comes from: a signed manifest, and the original sealed for somebody else.

Everything is checked before the work begins. Output and sealed original appear together or not at
all, and what was signed is looked at again before it gets its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .. import __version__
from ..core.errors import MediaError, OutputError, UsageError
from ..media import credentials, sealing, sha256
from ..media.inserted import only_inserted
from ..plan import Policy
from ..verify import Finding as Found
from ..verify import NotMade, Verdict, holds_store, walk
from .output import check_free, held, written_whole
from .report import Finding, MadeFile, Provenance, Report, Sealed
from .settings import Settings

CHECK: Final = "provenance"
SIGNED: Final = (
    "signed: the certificate in the output names whoever it names, and outputs of one key can be "
    "linked"
)
SEALED: Final = "the original lies sealed beside the output; only the recipients' keys open it"
VALID: Final = "its C2PA manifest is valid for these bytes; by whom it is signed was not asked"
ELSEWHERE: Final = "manifests in files of this kind are not read"


@dataclass(frozen=True, slots=True)
class Proofs:
    """What was asked for besides the output: a signature, a sealed original, or both."""

    credentials: credentials.Credentials | None = None
    recipients: sealing.Recipients | None = None


def proofs(
    sign: Path | None = None, key: Path | None = None, seal: Sequence[str] = ()
) -> Proofs | None:
    """Read and try the certificate `sign`, its `key` and the public keys in `seal`, or files of
    them; None when nothing is asked for. `UsageError` says what is wrong."""
    if (sign is None) != (key is None):
        given, other = ("--key", "--sign CERT") if sign is None else ("--sign", "--key KEY")
        raise UsageError(f"{given} goes with {other}", hint="give both, or neither")
    if sign is None and not seal:
        return None
    return Proofs(
        credentials.load(sign, key) if sign and key else None,
        sealing.recipients(seal) if seal else None,
    )


def sealed_name(output: Path) -> Path:
    """Where the sealed original lies: ``a.redacted.mp4`` -> ``a.redacted.mp4.original.age``.

    With the suffix, because a.jpg and a.png in one folder are two outputs and two originals.
    """
    return output.with_name(f"{output.name}.original.age")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an output is made. `sealing`: where its sealed original is; `was`: that one's hash."""

    partial: Path
    kind: str
    proofs: Proofs
    sealing: Path | None
    was: str
    stack: ExitStack


@contextmanager
def together(
    output: Path,
    kind: str,
    given: Proofs | None,
    original: Path,
    *,
    inputs: Sequence[Path] = (),
    force: bool = False,
) -> Iterator[Place]:
    """`written_whole` for the output, of container `kind`, and for the sealed original with it."""
    asked = given or Proofs()
    if asked.credentials is not None and kind not in credentials.MIME:
        raise UsageError(
            f"{kind} can't be signed", path=output, hint="name the output *.jpg, *.png or *.mp4"
        )
    sealed = None if asked.recipients is None else sealed_name(output)
    was, renamed = "", False
    if sealed is not None:
        check_free(sealed, inputs=[*inputs, output], force=force)
        was = sha256(original)
    try:
        with (
            ExitStack() as stack,  # closed last: it holds the output's partial file until the end
            written_whole(output, inputs=inputs, force=force) as partial,
        ):
            if sealed is None:
                yield Place(partial, kind, asked, None, was, stack)
            else:
                with written_whole(sealed, inputs=[*inputs, output], force=force) as beside:
                    yield Place(partial, kind, asked, beside, was, stack)
                renamed = True
    except BaseException:  # raised again
        if renamed and sealed is not None:
            with suppress(OSError):
                sealed.unlink()
        raise


def proven(
    report: Report, place: Place, original: Path, settings: Settings, policy: Policy
) -> Report:
    """Seal the original and sign the finished, verified file at `place`; the report of both.

    What is found in the signed file is added to the findings. Nothing is done for a file in which
    something was found.
    """
    asked = place.proofs
    if report.findings or (asked.credentials is None and asked.recipients is None):
        return report
    sealed, notes = None, list(report.notes)
    if asked.recipients is not None and place.sealing is not None:
        if sealing.seal(original, place.sealing, asked.recipients) != place.was:
            hint = "does something else write to it?"
            raise MediaError("has changed while it was redacted", path=original, hint=hint)
        size = place.sealing.stat().st_size
        sealed = Sealed(sha256=sha256(place.sealing), bytes=size, original_sha256=place.was)
        notes.append(SEALED)
    manifest = None
    verification, made = report.verification, report.output
    if asked.credentials is not None:
        said = statement(report, settings, policy, place.was if sealed else None)
        found = _signed(place, asked.credentials, said)
        manifest = "valid" if not found else "not valid"
        verification = verification.adding(CHECK, [Finding(**f.as_dict()) for f in found])
        made = made and _again(made, place.partial)
        notes.append(SIGNED)
    return report.model_copy(
        update={
            "output": made,
            "notes": tuple(notes),
            "verification": verification,
            "provenance": Provenance(manifest=manifest or "none", sealed=sealed),
        }
    )


def statement(
    report: Report, settings: Settings, policy: Policy, original: str | None
) -> dict[str, Any]:
    """What the manifest says: what was done, and nothing about whom, where or when."""
    kinds = {use.kind for use in report.detectors}
    if "face" in kinds and "person" not in settings.kinds:
        kinds.discard("person")  # looked for only for the sake of their heads
    kinds |= {track.kind for track in report.tracks}
    said: dict[str, Any] = {
        "passerby": __version__,
        "plan": "plan/1",
        "hidden": sorted(kinds or settings.kinds),
        "style": policy.style.value,
        "regions": report.counts.regions,
        "policy": policy.model_dump(mode="json", exclude={"style"}),
    }
    return said if original is None else {**said, "original_sha256": original}


def _signed(place: Place, who: credentials.Credentials, said: Mapping[str, Any]) -> list[Found]:
    """Sign the file at `place` in its place, and look at what came of it."""
    with written_whole(place.partial, force=True) as signing:
        credentials.sign(place.partial, signing, place.kind, who, said)
        if not only_inserted(place.partial, signing, place.kind):
            raise OutputError("has changed while it was signed", hint="please report this")
    place.stack.enter_context(held(place.partial))
    found = list(walk(place.partial))
    read = credentials.read_back(place.partial, place.kind)
    if read.manifest != "valid" or read.statement != said:
        found.append(Found(CHECK, "the manifest is not about this very file"))
    return found


def _again(made: MadeFile, path: Path) -> MadeFile:
    size = path.stat().st_size
    return made.model_copy(update={"sha256": sha256(path), "bytes": size})


def looked_at(path: Path, kind: str) -> tuple[Verdict, Provenance]:
    """Is there a manifest in the finished file at `path`, and is it about these very bytes? By
    whom it is signed is not asked: a report holds no names."""
    if not holds_store(path):
        return Verdict((), ()), Provenance()
    why = ELSEWHERE
    try:
        if kind in credentials.MIME:
            return _judged(credentials.read_back(path, kind))
    except UsageError as error:
        why = f"{error.what}; {error.hint}"
    return Verdict((), (), (NotMade(CHECK, why),)), Provenance(manifest="not checked")


def _judged(read: credentials.Reading) -> tuple[Verdict, Provenance]:
    if read.manifest == "valid":
        return Verdict((), (CHECK,)), Provenance(manifest="valid")
    codes = ", ".join(read.codes) or "it can't be read"
    found = Found(CHECK, f"its C2PA manifest is not valid for these bytes: {codes}")
    return Verdict((found,), (CHECK,)), Provenance(manifest="not valid")
