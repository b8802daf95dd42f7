"""What a batch is to do: whose settings, which files, and where each goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ...core.errors import UsageError
from .work import Item, apart, gather

if TYPE_CHECKING:
    from ...jobs import Settings
    from ..batch.order import Order

PROJECT: Final = "passerby.toml"
DEEPER: Final = "settings are read in the input folder itself, and not below it"
ADDRESS: Final = "://"


def found_project(inputs: Sequence[str]) -> Path | None:
    """The settings of a project: in the input folder, or else where the program was started.

    UsageError where some of several inputs have other settings than the rest, or none.
    """
    there = [some for some in inputs if ADDRESS in some or Path(some).exists()]
    found = [path for some in there if (path := Path(some) / PROJECT).is_file()]
    if not found:
        return Path(PROJECT) if Path(PROJECT).is_file() else None
    if len(found) < len(there) or len({_bytes(path) for path in found}) > 1:
        raise UsageError(
            f"not all inputs have this {PROJECT}",
            path=found[0],
            hint="do them one by one, or name one with --settings",
        )
    return found[0]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError("can't be read", path=path, hint="check its permissions") from error


def refuse(
    inputs: Sequence[str],
    to: str,
    records: Path,
    settings: Settings,
    *,
    watch: bool,
    dry_run: bool,
    ray: bool,
) -> None:
    """UsageError for what can't be done, before anything is."""
    if settings.voice == "retell":
        raise UsageError(
            "--voice retell needs a transcript for each file", hint="redact them one at a time"
        )
    if watch and dry_run:
        raise UsageError("--watch and --dry-run contradict each other", hint="give one of them")
    if watch and ray:
        raise UsageError("--watch works on this machine", hint="leave --ray out")
    if watch and not all(Path(some).is_dir() for some in inputs):
        raise UsageError("--watch watches folders", hint="name folders only")
    for some in (*inputs, to):
        if ADDRESS in some and not ray:
            raise UsageError("addresses need --ray", path=some, hint="or name a folder")
    for some in inputs:
        if ADDRESS not in some and not Path(some).exists():
            raise UsageError("there is no such file or folder", path=some)
        if some == to or (Path(some).is_dir() and Path(to).resolve() == Path(some).resolve()):
            raise UsageError(
                "names are kept, so outputs need another folder", path=to, hint="--to DIR"
            )
        if ADDRESS not in some and Path(some).resolve().is_relative_to(records.resolve()):
            raise UsageError(
                "this lies in the folder of records, of which nothing is taken",
                path=some,
                hint="--records DIR, elsewhere",
            )


def listed_for(
    inputs: Sequence[str], to: str, records: Path, *, ray: bool
) -> tuple[list[Order], list[tuple[Path, str]]]:
    """What there is to do, here or at addresses, and what is left alone."""
    return (listed_at(inputs, to), []) if ray else listed(inputs, to, records)


def listed_at(inputs: Sequence[str], to: str) -> list[Order]:
    """The same of what all machines of a cluster see: paths that begin at the root, addresses."""
    from ... import jobs
    from ..batch import stores
    from ..batch.order import Order

    found: list[tuple[Item, str, int]] = []
    for some in inputs:
        folder = some if ADDRESS in some else str(Path(some).resolve())
        for name, source, size in stores.listed(folder):
            relative = Path(name)
            found.append(
                (
                    Item(relative, jobs.same_name(relative, relative.parent)),
                    source,
                    size,
                )
            )
    outputs = to if ADDRESS in to else str(Path(to).resolve())
    items = apart([item for item, _, _ in found], beside)
    names = [item.target.as_posix() for item in items]
    if len({name.casefold() for name in names}) < len(names):
        raise UsageError("two inputs would have one output", hint="do their folders one by one")
    return second_names_first(
        [
            Order(name, source, stores.joined(outputs, name), size)
            for name, (_, source, size) in zip(names, found, strict=True)
        ]
    )


def listed(
    inputs: Sequence[str], to: str, records: Path
) -> tuple[list[Order], list[tuple[Path, str]]]:
    """What there is to do, and what is left alone, each with the reason."""
    from ... import jobs
    from ..batch.order import Order

    paths, outputs = [Path(some) for some in inputs], Path(to)
    work = gather(
        paths, output=None, to=outputs, name=jobs.same_name, rename=beside, is_media=jobs.is_media
    )
    own = records.resolve()
    read = [path / PROJECT for path in paths]
    orders = [
        Order(
            item.target.relative_to(outputs).as_posix(),
            str(item.source),
            str(item.target),
            size(item.source),
        )
        for item in work.items
        if not item.source.resolve().is_relative_to(own)
    ]
    skipped = [
        (path, DEEPER if path.name == PROJECT else why)
        for path, why in work.skipped
        if path not in read and not path.resolve().is_relative_to(own)
    ]
    return second_names_first(orders), skipped


def second_names_first(orders: Sequence[Order]) -> list[Order]:
    """An output gets its second name before its first is given to the output of another input."""
    return sorted(orders, key=lambda order: Path(order.name).stem != Path(order.source).name)


def beside(input: Path, output: Path) -> Path:
    """A second name, where a.avi and a.mp4 would both be a.mp4: a.avi.mp4."""
    return output.with_name(f"{input.name}{output.suffix}")


def size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def beside_outputs(to: str) -> Path:
    """The folder of records of outputs at `to`; here, where they lie on no disk of this machine."""
    from ..batch.records import SUFFIX

    if ADDRESS in to and not to.startswith("file://"):
        return Path(to.rstrip("/").rpartition("/")[2] + SUFFIX)
    path = Path(to.removeprefix("file://")).resolve()
    return path.with_name(path.name + SUFFIX)
