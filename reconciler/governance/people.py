"""Who is who: several names for one human, and who wrote a change."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from reconciler.model.desired import Person

_GITHUB = re.compile(r"(\d+)\+[^@]*@users\.noreply\.github\.com")


def normal(text: str) -> str:
    """Return a name or an e-mail address in the form in which it is compared."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def humans(people: Mapping[str, Person]) -> Mapping[str, frozenset[str]]:
    """Return for each name all names of that human: those that share an address, id or key."""
    groups = {name: {name} for name in people}
    first: dict[str, str] = {}
    for name, person in people.items():
        for mark in _marks(person):
            group = groups[first.setdefault(mark, name)] | groups[name]
            groups.update(dict.fromkeys(group, group))
    return {name: frozenset(group) for name, group in groups.items()}


def is_author(person: Person, authors: Iterable[str]) -> bool:
    """True if a name, an e-mail address or a GitHub id among `authors` is this person's."""
    mine = {normal(person.name), *(normal(email) for email in person.emails)}
    return any(
        normal(author) in mine or (person.github is not None and _github(author) == person.github)
        for author in authors
    )


def could_be_author(person: Person, authors: Iterable[str], people: Mapping[str, Person]) -> bool:
    """True if this person has no e-mail addresses on file and some author is nobody we know."""
    if person.emails:
        return False
    addresses = [author for author in authors if "@" in author]
    known = (any(is_author(other, [a]) for other in people.values()) for a in addresses)
    return not addresses or not all(known)


def _marks(person: Person) -> Iterable[str]:
    yield from (f"email {normal(email)}" for email in person.emails)
    if person.github is not None:
        yield f"github {person.github}"
    if person.ssh is not None:
        yield f"ssh {' '.join(person.ssh.split()[:2])}"


def _github(author: str) -> int | None:
    match = _GITHUB.fullmatch(normal(author))
    return int(match[1]) if match else None
