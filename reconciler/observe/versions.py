"""Which of several views stands, and what the others say about the past.

Where servers of one system disagree, the view of the newest serial stands; at equal serials the one
with the newest signature, then the one that most servers show. Whatever else was seen is history:
older versions first, the oldest as standing for ever, each later one as begun just before now, so
that a cache may hold any of them for as long as it could hold the youngest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cmp_to_key
from typing import TypeVar

from reconciler.model.timeline import Version
from reconciler.observe.child_view import ChildView
from reconciler.observe.parent_view import ParentView

View = TypeVar("View", ParentView, ChildView)


def ranked(views: Iterable[View]) -> tuple[View, ...]:
    """Return the views that hold facts, the one that stands first."""
    usable = [view for view in views if view.error is None]
    shown = Counter(shows(view) for view in usable)
    usable.sort(key=shows)
    usable.sort(key=lambda view: shown[shows(view)], reverse=True)
    usable.sort(key=_newest_signature, reverse=True)
    usable.sort(key=cmp_to_key(lambda a, b: serial_order(b.serial, a.serial)))
    return tuple(usable)


def serial_order(one: int, other: int) -> int:
    """Return a number below, equal to or above 0 as serial `one` is older, equal or newer."""
    return (one - other + 2**31) % 2**32 - 2**31  # RFC 1982 §3.2


def earlier(views: Sequence[View], version_of: Callable[[View], Version]) -> tuple[Version, ...]:
    """Return the versions of one slot that some server still shows beside the one that stands.

    `views` as `ranked` returns them; `version_of` gives a version without `at`.
    """
    standing = version_of(views[0])
    seen = dict.fromkeys(version_of(view) for view in reversed(views))
    older = [version for version in seen if version != standing]
    return tuple(
        replace(version, at=index - len(older)) if index else version
        for index, version in enumerate(older)
    )


def _newest_signature(view: ParentView | ChildView) -> int:
    return view.newest if isinstance(view, ChildView) else 0


def shows(view: ParentView | ChildView) -> str:
    """Return a text that is equal where two servers show the same, for counting and for order."""
    if isinstance(view, ParentView):
        return f"{sorted(str(ds) for ds in view.ds)} {sorted(view.ns)}"
    keys = (view.dnskeys, view.krrsig, view.zrrsig, view.cdnskeys)
    texts = [sorted(str(key) for key in group) for group in keys]
    cds = sorted(str(record) for record in view.cds or ())
    return f"{texts} {cds} {sorted(view.ns)}"
