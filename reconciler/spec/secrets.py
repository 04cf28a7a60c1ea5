"""Options of signers and parents: secrets by reference only, and nothing ambiguous."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.diagnostics import Diagnostic
from reconciler.spec.sources import Path, Source
from reconciler.spec.yaml_nodes import Node
from reconciler.spec.yaml_scalars import Ambiguous

REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\s].*|keyring:[^\s].*")
"""The three ways to say where a secret is."""

_NAMES = re.compile(
    r"(^|[_-])(token|secret|password|passwd|passphrase|credentials?|bearer|psk|pin)s?($|[_-])"
    r"|(^|[_-])(api|auth|private|secret|shared|access|tsig|signing|hmac)[_-]?key($|[_-])"
    r"|^key$|(^|[_-])key[_-]?(material|secret|data)($|[_-])",
    re.IGNORECASE,
)
_VALUES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|^Private-key-format:|^gh[pousr]_[A-Za-z0-9]{20,}"
    r"|^github_pat_|^AKIA[A-Z0-9]{16}$|^xox[abps]-"
)
_IDENTIFIERS = re.compile(
    r"(^|[_-])(id|ids|arn|alias|name|names|label|file|path|url)$", re.IGNORECASE
)


def findings(source: Source) -> Iterator[Diagnostic]:
    """Yield a finding for each literal secret among the options; its value is never shown."""
    for section in ("signers", "parents"):
        systems = source.root.children.get(section)
        for name, system in systems.children.items() if systems else ():
            for option, node in system.children.items():
                yield from _option(source, (section, name, option), node)


def _option(source: Source, path: Path, node: Node) -> Iterator[Diagnostic]:
    if isinstance(node.value, Ambiguous) and path[-1] != "kind":
        yield source.finding(
            "ambiguous-value",
            path,
            f"YAML 1.1 and 1.2 read `{node.value.text}` differently",
            hint=f'put it in quotes if it is text: "{node.value.text}"',
        )
    elif _is_secret(str(path[-1]), node):
        yield source.finding(
            "literal-secret",
            path,
            f"`{path[-1]}` looks like a secret, and secrets never stand in this file",
            hint=f"write where it is: `env:{_variable(path)}`, `file:PATH` or `keyring:NAME`; "
            "change the secret if it was ever committed",
        )
    else:
        for step, child in node.children.items():
            yield from _option(source, (*path, step), child)


def _is_secret(name: str, node: Node) -> bool:
    if isinstance(node.value, str):
        if REFERENCE.fullmatch(node.value):
            return False
        if _VALUES.search(node.value):
            return True
    named = _NAMES.search(name) is not None and _IDENTIFIERS.search(name) is None
    return named and not isinstance(node.value, dict | list | bool)


def _variable(path: Path) -> str:
    words = [str(step) for step in path[1:] if isinstance(step, str)]
    return re.sub(r"[^A-Z0-9]+", "_", "_".join(words).upper()).strip("_")
