"""The whole record as git holds it: commits, entries and content-addressed files, for auditors."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from reconciler.ledger.commits import Commit, read_commits
from reconciler.ledger.plumbing import ObjectReader, Plumbing


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything in the ledger at one tip; each part can be gone through once.

    `commits` are oldest first, `entries` path and bytes in the order of their paths, and `others`
    every other file by its path.
    """

    commits: Iterable[Commit]
    entries: Iterable[tuple[str, bytes]]
    others: Mapping[str, bytes]


@contextmanager
def open_record(git: Plumbing, tip: str) -> Iterator[Record]:
    """Open the record at `tip`; files are read as they are asked for, never checked out."""
    files = sorted(_listed(git, tip))
    entries = [file for file in files if file[0].startswith("entries/")]
    others = {path: oid for path, oid in files if not path.startswith("entries/")}
    with git.objects() as objects:
        yield Record(
            commits=read_commits(git, tip),
            entries=_contents(git, entries),
            others=_Others(objects, others),
        )


class _Others(Mapping[str, bytes]):
    """Files by path, read when they are looked up."""

    def __init__(self, objects: ObjectReader, oids: Mapping[str, str]) -> None:
        self._objects = objects
        self._oids = oids

    def __getitem__(self, path: str) -> bytes:
        return self._objects.read(self._oids[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._oids)

    def items(self) -> ItemsView[str, bytes]:
        return _Items(self, self._objects, self._oids)

    def __len__(self) -> int:
        return len(self._oids)


class _Items(ItemsView[str, bytes]):
    """All files, read many at a time."""

    def __init__(
        self, files: Mapping[str, bytes], objects: ObjectReader, oids: Mapping[str, str]
    ) -> None:
        super().__init__(files)
        self._objects = objects
        self._oids = oids

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        contents = self._objects.read_all(list(self._oids.values()))
        for path, content in zip(self._oids, contents, strict=True):
            yield path, content or b""


def _listed(git: Plumbing, tip: str) -> Iterator[tuple[str, str]]:
    """Yield path and object id of every file at `tip`."""
    listing = git.must("ls-tree", "-r", "-z", tip).out.decode("utf-8", "replace")
    for line in listing.split("\0"):
        if line:
            about, path = line.split("\t", 1)
            yield path, about.split()[2]


def _contents(git: Plumbing, files: list[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    with git.objects() as objects:
        contents = objects.read_all([oid for _, oid in files])
        for (path, _), content in zip(files, contents, strict=True):
            yield path, content or b""
