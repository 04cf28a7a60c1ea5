"""The files of a portfolio: found, and read without trusting what they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from os.path import realpath
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG

from reconciler.diagnostics import Diagnostic

MAX_BYTES = 1_048_576
"""Largest file read (1 MiB): a portfolio.yaml of 5,000 owners and people fits, and parsing it
takes about a second."""

ZONES = "zones"
PORTFOLIO_FILE = "portfolio.yaml"


@dataclass(frozen=True, slots=True)
class Tree:
    """Where a portfolio lives: the directory of its zones, and how that is called in findings."""

    directory: Path
    shown: str

    def name(self, path: str) -> str:
        """Return how findings call the file at `path`, a path below the directory."""
        return printable(f"{self.shown}/{path}")


def printable(text: str) -> str:
    """Return a file name in which what cannot be shown is escaped."""
    if text.isascii() and text.isprintable():
        return text
    shown = os.fsencode(text).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)


def find_tree(root: Path) -> Tree | Diagnostic:
    """Return the tree of `root`: a repository with `zones/`, or a zones directory itself."""
    zones = root / ZONES
    if not S_ISREG(_mode(zones / PORTFOLIO_FILE)) and S_ISREG(_mode(root / PORTFOLIO_FILE)):
        return Tree(root, Path(realpath(root)).name or ZONES)
    if S_ISLNK(_mode(zones, follow=False)) and not _inside(zones, root):
        return _symlink(ZONES)
    if S_ISDIR(_mode(zones)):
        return Tree(zones, ZONES)
    return Diagnostic(
        code="no-portfolio",
        summary=f"there is no portfolio in {printable(str(root))}",
        hint=f"`reconcile init` writes {ZONES}/{PORTFOLIO_FILE} and an example zone",
        file=f"{ZONES}/{PORTFOLIO_FILE}",
    )


def _mode(path: Path | str, *, follow: bool = True) -> int:
    """Return what kind of file this is, 0 where there is none or the way to it is closed."""
    try:
        return Path(path).stat(follow_symlinks=follow).st_mode
    except (OSError, ValueError):
        return 0


def _inside(path: Path | str, home: Path) -> bool:
    return Path(realpath(path)).is_relative_to(realpath(home))


def zone_files(tree: Tree) -> Iterator[str | Diagnostic]:
    """Yield the paths of all zone files below the tree's directory in order, and what is odd.

    Names that begin with a dot are left to editors and git. Directories are followed, symbolic
    links only to files inside the tree.
    """
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(tree.directory / folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            yield _unreadable(tree.name(folder), error)
            continue
        folders = []
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.name.startswith(".") or path == PORTFOLIO_FILE:
                continue
            if entry.is_dir(follow_symlinks=False) and not _yaml(entry.name):
                folders.append(path)
            elif (problem := _oddity(entry, tree.name(path), tree.directory)) is not None:
                yield problem
            elif entry.name.endswith(".yaml"):
                yield path
        pending.extend(reversed(folders))


def _yaml(name: str) -> bool:
    return name.lower().endswith((".yaml", ".yml"))


def _oddity(entry: os.DirEntry[str], shown: str, home: Path) -> Diagnostic | None:
    if entry.is_symlink():
        if not _inside(entry.path, home):
            return _symlink(shown)
        if S_ISDIR(_mode(entry.path)):
            return Diagnostic(
                code="symlink-directory",
                summary="a symbolic link to a directory is not followed; it could lead in circles",
                hint="put the files themselves there",
                file=shown,
            )
    elif _yaml(entry.name) and not entry.is_file(follow_symlinks=False):
        return _not_a_file(shown)
    if _yaml(entry.name) and not entry.name.endswith(".yaml"):
        return Diagnostic(
            code="wrong-extension",
            summary="this file would be overlooked: names of zone files end in `.yaml`",
            hint="rename it to end in `.yaml`",
            file=shown,
        )
    return None


def read(tree: Tree, path: str) -> bytes | Diagnostic:
    """Return what the file at `path` holds; never waits for a pipe, never reads without end."""
    shown = tree.name(path)
    try:
        handle = os.open(tree.directory / path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return _unreadable(shown, error)
    try:
        found = os.fstat(handle)
        if not S_ISREG(found.st_mode):
            return _not_a_file(shown)
        data = os.read(handle, min(found.st_size, MAX_BYTES) + 1)
    except OSError as error:
        return _unreadable(shown, error)
    finally:
        os.close(handle)
    return data if len(data) <= MAX_BYTES else _too_large(shown, found.st_size)


def read_portfolio(tree: Tree) -> bytes | Diagnostic:
    """Return what portfolio.yaml holds."""
    file = tree.directory / PORTFOLIO_FILE
    shown = tree.name(PORTFOLIO_FILE)
    if S_ISLNK(_mode(file, follow=False)) and not _inside(file, tree.directory):
        return _symlink(shown)
    if not _mode(file, follow=False):
        return Diagnostic(
            code="no-portfolio",
            summary=f"{shown} is missing; it names signers, parents, policies and owners",
            hint="`reconcile init` writes one to start from",
            file=shown,
        )
    return read(tree, PORTFOLIO_FILE)


def _symlink(shown: str) -> Diagnostic:
    return Diagnostic(
        code="symlink-leaves-tree",
        summary="a symbolic link leads out of the directory of the portfolio",
        hint="put the file itself there",
        file=shown,
    )


def _not_a_file(shown: str) -> Diagnostic:
    return Diagnostic(
        code="not-a-file",
        summary="this has the name of a YAML file, and is no regular file",
        hint="rename or remove it",
        file=shown,
    )


def _too_large(shown: str, size: int) -> Diagnostic:
    return Diagnostic(
        code="file-too-large",
        summary=f"the file has {size:,} bytes, more than the {MAX_BYTES:,} that are read",
        hint="a zone file has about 500 bytes; split it, or remove what does not belong here",
        file=shown,
    )


def _unreadable(shown: str, error: OSError) -> Diagnostic:
    return Diagnostic(
        code="unreadable",
        summary=f"cannot be read: {error.strerror or error}",
        hint="check its permissions, and that it is not a dangling symbolic link",
        file=shown,
    )
