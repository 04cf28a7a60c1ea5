"""Signing the ledger's commits with the SSH key that git is configured with.

Configured is what git itself goes by: `gpg.format = ssh` and `user.signingkey`, unless
`commit.gpgsign` is false. Whether a signature is needed says the policy in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reconciler.diagnostics import Diagnostic, LedgerError
from reconciler.ledger.commits import commit_problem
from reconciler.ledger.plumbing import Plumbing
from reconciler.ledger.reading import folder_of
from reconciler.model.entries import Entry, Event, Json
from reconciler.spec.entry_file import entry_from_bytes


class Signing:
    """Makes commits for one repository, signed where it is configured so."""

    def __init__(self, git: Plumbing) -> None:
        """Sign as `git`'s repository is configured at the first commit."""
        self._git = git
        self._configured: bool | None = None
        self._rules: tuple[int, Mapping[str, Json]] = (0, {})

    def commit(self, *args: str, message: bytes, env: Mapping[str, str]) -> str:
        """Return the id of a new commit, as `git commit-tree <args>` makes it."""
        if self._configured is None:
            self._configured = self._read_settings()
        flag = "-S" if self._configured else "--no-gpg-sign"
        ran = self._git.run("commit-tree", flag, *args, stdin=message, env=env)
        if not ran.ok:
            raise LedgerError(_not_made(ran.err, signing=self._configured))
        return ran.line

    def require(self, commit: str, before: str | None, entries: Sequence[Entry]) -> None:
        """Raise LedgerError if the policy asks for a signature that `commit` does not have.

        `before` is the tip that `entries` follow; a ledger's first policy counts from its start.
        """
        rules = self._rules_at(before, entries)
        if not asks_for_signatures(rules):
            return
        with self._git.objects() as objects:
            problem = commit_problem(objects.read(commit), signers(rules))
        if problem is not None:
            raise LedgerError(_unsigned(problem))

    def _read_settings(self) -> bool:
        asked = self._git.run("config", "--type=bool", "commit.gpgsign")
        kind = self._git.run("config", "gpg.format").line
        key = self._git.run("config", "user.signingkey").line
        return asked.line != "false" and kind == "ssh" and bool(key)

    def _rules_at(self, before: str | None, entries: Sequence[Entry]) -> Mapping[str, Json]:
        seq = entries[0].policy_seq
        if seq == 0:
            first = (e for e in entries if e.event is Event.POLICY)
            return rules_in(next(first, None))
        if self._rules[0] != seq:
            path = f"{folder_of(seq)}/{seq:012d}-{Event.POLICY}.json"
            with self._git.objects() as objects:
                entry = entry_from_bytes(objects.read(f"{before}:{path}"), path)
            self._rules = seq, rules_in(entry)
        return self._rules[1]


def rules_in(entry: Entry | None) -> Mapping[str, Json]:
    """Return the rules that a policy entry records; none where there is no such entry."""
    found = entry.draft.data.get("rules") if entry else None
    return found if isinstance(found, dict) else {}


def asks_for_signatures(rules: Mapping[str, Json]) -> bool:
    """True if every commit under these rules must be signed."""
    return bool(_texts(_part(rules, "governance").get("ledger_signers")))


def signers(rules: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the public keys that may sign commits: those of machines, and of all people."""
    machines = _texts(_part(rules, "governance").get("ledger_signers"))
    people = (p.get("ssh") for p in _part(rules, "people").values() if isinstance(p, dict))
    return (*machines, *(key for key in people if isinstance(key, str)))


def _part(rules: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    found = rules.get(name)
    return found if isinstance(found, dict) else {}


def _texts(value: Json) -> Sequence[str]:
    items: Iterable[Json] = value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, str)]


def _not_made(words: str, *, signing: bool) -> Diagnostic:
    return Diagnostic(
        code="ledger-signing-failed" if signing else "git-failed",
        summary="git could not make the signed commit; nothing was written"
        if signing
        else "git could not make the commit; nothing was written",
        detail=words,
        hint="see whether `git commit-tree -S` works here: `user.signingkey`, ssh-keygen, the agent"
        if signing
        else "`git fsck` tells whether the repository is whole",
    )


def _unsigned(problem: str) -> Diagnostic:
    return Diagnostic(
        code="ledger-signature-missing",
        summary="the portfolio lists `governance.ledger_signers`, so every commit of the ledger "
        "must be signed; nothing was written",
        detail=f"of the new commit: {problem}",
        hint="`git config gpg.format ssh` and `git config user.signingkey KEYFILE`, with a key of "
        "`governance.ledger_signers` or of a person",
    )
