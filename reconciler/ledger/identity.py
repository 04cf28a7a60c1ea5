"""Who and where this is, as git tells it."""

from __future__ import annotations

from reconciler.ledger.plumbing import Plumbing


def head(git: Plumbing) -> str | None:
    """Return the commit that is checked out; None in a repository without commits."""
    found = git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    return found.line if found.ok else None


def is_built_on(git: Plumbing, commit: str, base: str) -> bool:
    """True if `base` is an ancestor of `commit` and not the same; False where git cannot tell."""
    whole = f"{commit}^{{commit}}"
    return commit != base and git.run("merge-base", "--is-ancestor", base, whole).ok


def email(git: Plumbing) -> str:
    """Return the address that git would put on a commit; `unknown` where it has none."""
    found = git.run("config", "user.email")
    return found.line if found.ok and found.line else "unknown"
