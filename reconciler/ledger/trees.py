"""Git's trees as values: graft files onto one by touching only the folders on their way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

FILE = b"100644"
FOLDER = b"40000"


@dataclass(frozen=True, slots=True)
class TreeItem:
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
    width = hashlib.new(algorithm, usedforsecurity=False).digest_size
    tree, at = {}, 0
    while at < len(data):
        end = data.index(b"\0", at)
        mode, name = data[at:end].split(b" ", 1)
        at = end + 1 + width
        tree[name.decode("utf-8", "surrogateescape")] = TreeItem(mode, data[end + 1 : at].hex())
    return tree


def dump_tree(tree: Tree) -> bytes:
    """Write a raw tree object in git's order, in which a folder sorts as if it ended in `/`."""

    def git_order(pair: tuple[str, TreeItem]) -> bytes:
        name, item = pair
        return name.encode("utf-8", "surrogateescape") + (b"/" if item.is_folder else b"")

    return b"".join(
        b"%s %s\0%s" % (item.mode, name.encode("utf-8", "surrogateescape"), bytes.fromhex(item.oid))
        for name, item in sorted(tree.items(), key=git_order)
    )


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
