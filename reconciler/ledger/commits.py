"""The commits of the ledger as values: what each adds, after which, and who signed it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.ledger.plumbing import ObjectReader, Plumbing
from reconciler.ledger.sshsig import OTHER_KEY, signature_problem

NAMESPACE = "git"
"""Namespace of the signatures that git makes (git-config(1), gpg.format)."""
_SIGNATURES = (b"gpgsig ", b"gpgsig-sha256 ")
"""Headers in which git keeps the signature of a commit, by the object format."""

_AT_ONCE = 4096
"""Commits whose changes are asked for at once: what is held does not grow with the record."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit does to one file: `kind` is git's letter (`A` for added), and its new mode."""

    kind: str
    mode: str
    path: str

    @property
    def adds_file(self) -> bool:
        """True if this adds an ordinary file, which is all that a ledger's commit may do."""
        return self.kind == "A" and self.mode == "100644"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit: its id, its parents, what it changes, and the raw object."""

    oid: str
    parents: tuple[str, ...]
    changes: tuple[Change, ...]
    raw: bytes


def read_commits(git: Plumbing, tip: str) -> Iterator[Commit]:
    """Yield the commits that lead to `tip`, oldest first."""
    lines = _lines(git, "rev-list", "--reverse", "--parents", tip)
    with git.objects() as objects:
        for start in range(0, len(lines), _AT_ONCE):
            yield from _some(git, objects, lines[start : start + _AT_ONCE])


def _some(git: Plumbing, objects: ObjectReader, lines: Sequence[str]) -> Iterator[Commit]:
    """Yield the commits that `lines` name, each with its parents."""
    commits = [line.split() for line in lines]
    oids = [commit[0] for commit in commits]
    changes = _changes(git, oids)
    for (oid, *parents), raw in zip(commits, objects.read_all(oids), strict=True):
        yield Commit(
            oid=oid,
            parents=tuple(parents),
            changes=tuple(changes.get(oid, ())),
            raw=raw or b"",
        )


def _lines(git: Plumbing, *args: str) -> Sequence[str]:
    return git.must(*args).out.decode().splitlines()


def _changes(git: Plumbing, oids: Iterable[str]) -> dict[str, list[Change]]:
    """Return what each commit changes; of a merge, what it changes against each parent."""
    listing = git.must(
        "diff-tree", "--stdin", "--root", "-r", "--raw", "-z", "-m", "--no-renames", "--no-abbrev",
        stdin="".join(f"{oid}\n" for oid in oids).encode(),
    ).out.decode("utf-8", "surrogateescape")  # fmt: skip
    found: dict[str, list[Change]] = {}
    fields = iter(listing.split("\0"))
    changes: list[Change] = []
    for field in fields:
        if field.startswith(":"):
            words = field.split()
            changes.append(Change(words[4], words[1], next(fields, "")))
        elif field:
            changes = found.setdefault(field.split()[0], [])
    return found


def commit_parts(raw: bytes) -> tuple[bytes, str | None]:
    """Return what a commit's signature is over, and the armoured signature, None where unsigned."""
    head, gap, message = raw.partition(b"\n\n")
    kept: list[bytes] = []
    signature: list[bytes] = []
    inside = False
    for line in head.split(b"\n"):
        name = next((name for name in _SIGNATURES if line.startswith(name)), None)
        inside = name is not None or (inside and line.startswith(b" "))
        if not inside:
            kept.append(line)
        else:
            signature.append(line[len(name) :] if name else line[1:])
    text = b"\n".join(signature).decode("ascii", "replace") + "\n" if signature else None
    return b"\n".join(kept) + gap + message, text


def commit_problem(raw: bytes, keys: Iterable[str]) -> str | None:
    """Return why a commit is not signed by one of `keys` (public, OpenSSH's form), or None."""
    text, signature = commit_parts(raw)
    if signature is None:
        return "it is not signed"
    problems = [signature_problem(text, signature, key, NAMESPACE) for key in keys]
    if None in problems:
        return None
    known = [problem for problem in problems if problem != OTHER_KEY]
    return known[0] if known else "it is signed with a key that the policy does not know"
