"""Which edits still hold, and which one undo and redo would speak of next.

Nothing is ever taken out of the list: undo adds a revoke, redo a revoke of that revoke.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..core.time import Span, Ticks
from .vocabulary import Edit, HideMoving, Mute, Revoke


def active(edits: Sequence[Edit]) -> tuple[tuple[int, Edit], ...]:
    """The edits that nobody has revoked, with their places in the list; no revokes."""
    gone: set[int] = set()
    for number in range(len(edits) - 1, -1, -1):
        edit = edits[number]
        target = before_of(edit)
        if target is not None and number not in gone:
            gone.add(target)
    return tuple(
        (number, edit)
        for number, edit in enumerate(edits)
        if number not in gone and not isinstance(edit, Revoke)
    )


def muted(edits: Sequence[Edit]) -> tuple[Span, ...]:
    """When nothing is to be heard, by rising tick; spans that touch are one."""
    asked = sorted(edit.span for _, edit in active(edits) if isinstance(edit, Mute))
    spans: list[Span] = []
    for start, end in asked:
        if spans and start <= spans[-1].end:
            spans[-1] = Span(spans[-1].start, Ticks(max(spans[-1].end, end)))
        else:
            spans.append(Span(Ticks(start), Ticks(end)))
    return tuple(spans)


def before_of(edit: Edit) -> int | None:
    """The number of an earlier edit that no longer holds because of this one."""
    if isinstance(edit, Revoke):
        return edit.edit
    return edit.instead if isinstance(edit, HideMoving) else None


def undoable(edits: Sequence[Edit]) -> int | None:
    """The edit that an undo revokes; None when there is none left."""
    done, _ = _stacks(edits)
    return done[-1] if done else None


def redoable(edits: Sequence[Edit]) -> int | None:
    """The undo that a redo revokes; None when nothing was undone, or something was done since."""
    _, undone = _stacks(edits)
    return undone[-1] if undone else None


def _stacks(edits: Sequence[Edit]) -> tuple[list[int], list[int]]:
    """What was done, and the undos of what was undone, each with the newest last."""
    done: list[int] = []
    undone: list[int] = []
    for number, edit in enumerate(edits):
        if not isinstance(edit, Revoke) or edit.by == "person":
            done.append(number)
            undone.clear()
        elif edit.by == "undo":
            if edit.edit in done:
                done.remove(edit.edit)
            undone.append(number)
        else:
            if edit.edit in undone:
                undone.remove(edit.edit)
            target = edits[edit.edit]
            if isinstance(target, Revoke):
                done.append(target.edit)
    return done, undone
