"""Zone names: IDNA-aware in, absolute lower-case A-labels out (RFC 1035 §2.3.4, RFC 5891)."""

from __future__ import annotations

import re

import idna

MAX_LABEL = 63
"""Octets in a label (RFC 1035 §2.3.4)."""
MAX_NAME = 253
"""Characters of a name without its last dot: 255 octets on the wire (RFC 1035 §2.3.4)."""
MAX_TEXT = 1024
"""Characters looked at: a name that fits the wire is shorter in any writing, and IDNA is slow."""

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_COMMON = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PUNYCODE = re.compile(r"(?:^|\.)..--")


class BadNameError(ValueError):
    """A text that is no zone name; its text says why."""


def zone_name(text: str) -> str:
    """Return `text` as an absolute zone name: A-labels, lower case, with the last dot.

    `Example.COM`, `example.com.` and `münchen.example` are all taken. Raises `BadNameError`, whose
    text says what is wrong.
    """
    name = text.lower().removesuffix(".")
    if len(name) <= MAX_NAME and _COMMON.fullmatch(name) and not _PUNYCODE.search(name):
        return f"{name}."
    return _unusual(text)


def _unusual(text: str) -> str:
    if text in {"", "."}:
        why = "the root zone has no parent to keep a DS at" if text else "the name is empty"
        raise BadNameError(why)
    if len(text) > MAX_TEXT:
        message = f"the name has {len(text)} characters, more than {MAX_NAME}"
        raise BadNameError(message)
    try:
        mapped = idna.uts46_remap(text, std3_rules=False, transitional=False).removesuffix(".")
    except idna.IDNAError as error:
        raise BadNameError(_plain(error)) from None
    labels = [_label(label) for label in mapped.split(".")]
    name = ".".join(labels)
    if len(name) > MAX_NAME:
        message = f"the name has {len(name)} characters, more than {MAX_NAME}"
        raise BadNameError(message)
    return f"{name}."


def _label(label: str) -> str:
    if not label:
        message = "two dots stand together, or the name begins with one"
        raise BadNameError(message)
    if label.isascii() and not label.startswith("xn--"):
        return _ascii_label(label)
    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError as error:
        message = f"the label `{label[:MAX_LABEL]}` is not valid IDNA 2008: {_plain(error)}"
        raise BadNameError(message) from None


def _ascii_label(label: str) -> str:
    if len(label) > MAX_LABEL:
        message = f"the label `{label[:20]}...` has {len(label)} characters, more than {MAX_LABEL}"
        raise BadNameError(message)
    if not re.fullmatch(_LABEL, label):
        message = f"the label `{label}` holds more than letters, digits, `_` and inner hyphens"
        raise BadNameError(message)
    return label


def _plain(error: Exception) -> str:
    return str(error) or type(error).__name__
