"""Git's trees as values: graft files onto one by touching only the folders on their way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

FILE = b"100644"
FOLDER = b"40000"


class TreeItem(NamedTuple):
    """One line of a tree: its mode, and the hexadecimal id of the object."""

    mode: bytes
    oid: str

    @property
    def is_folder(self) -> bool:
        """True for a tree, False for a file."""
        return self.mode == FOLDER


Tree = dict[str, TreeItem]


class OverwriteError(Exception):
    """A graft would change a file or folder that is there: the record only ever adds."""


def object_id(kind: str, data: bytes, algorithm: str) -> str:
    """Return the id that git gives an object; `algorithm` is `sha1` or `sha256`."""
    header = f"{kind} {len(data)}\0".encode()
    return hashlib.new(algorithm, header + data, usedforsecurity=False).hexdigest()


def parse_tree(data: bytes, algorithm: str) -> Tree:
    """Read a raw tree object."""
    found = _lines(algorithm).findall(data)
    if sum(len(mode) + len(name) + len(oid) + 2 for mode, name, oid in found) != len(data):
        message = "this is no tree"
        raise ValueError(message)
    return {
        name.decode("utf-8", "surrogateescape"): TreeItem(mode, oid.hex())
        for mode, name, oid in found
    }


@lru_cache
def _lines(algorithm: str) -> re.Pattern[bytes]:
    width = hashlib.new(algorithm, usedforsecurity=False).digest_size
    return re.compile(rb"([0-7]+) ([^\0]+)\0(.{%d})" % width, re.DOTALL)


def dump_tree(tree: Tree) -> bytes:
    """Write a raw tree object in git's order, in which a folder sorts as if it ended in `/`."""
    named = [(name.encode("utf-8", "surrogateescape"), item) for name, item in tree.items()]
    lines = {
        name + b"/" if item.mode == FOLDER else name: b"%b %b\0" % (item.mode, name)
        + bytes.fromhex(item.oid)
        for name, item in named
    }
    return b"".join([lines[name] for name in sorted(lines)])


@dataclass(slots=True)
class Graft:
    """Adds files to a tree. `read` returns the raw bytes of a tree object by its id.

    `written` collects the new tree objects. Cost: the folders on the way to the files, whatever
    else the tree holds.
    """

    read: Callable[[str], bytes]
    algorithm: str
    written: list[bytes] = field(default_factory=list)

    def onto(self, base: str | None, files: Mapping[str, str]) -> str:
        """Return the id of tree `base` with `files` (path to blob id) added."""
        return self._graft(base, {tuple(path.split("/")): oid for path, oid in files.items()})

    def _graft(self, base: str | None, files: Mapping[tuple[str, ...], str]) -> str:
        tree = {} if base is None else parse_tree(self.read(base), self.algorithm)
        for name in {path[0] for path in files}:
            below = {path[1:]: oid for path, oid in files.items() if path[0] == name}
            tree[name] = self._item(name, tree.get(name), below)
        data = dump_tree(tree)
        self.written.append(data)
        return object_id("tree", data, self.algorithm)

    def _item(
        self, name: str, old: TreeItem | None, below: Mapping[tuple[str, ...], str]
    ) -> TreeItem:
        blob = below.get(())
        if blob is None:
            if old is not None and not old.is_folder:
                raise OverwriteError(name)
            return TreeItem(FOLDER, self._graft(None if old is None else old.oid, below))
        new = TreeItem(FILE, blob)
        if len(below) > 1 or old not in {None, new}:
            raise OverwriteError(name)
        return new
