"""What plain YAML scalars mean: the core schema of YAML 1.2, where 1.1 does not disagree."""

from __future__ import annotations

import math
import re
from typing import NamedTuple


class Ambiguous(NamedTuple):
    """A plain scalar that YAML 1.1 and 1.2 read differently; `text` is how it is written."""

    text: str


_WORDS: dict[str, object] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{
        form: Ambiguous(form)
        for word in ("yes", "no", "on", "off")
        for form in (word, word.title(), word.upper())
    },
}
_NUMERIC = frozenset("0123456789+-.")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]*)?\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.|(?=[eE])))(?:[eE][-+]?[0-9]{1,3})?"
)
_OTHER_NUMBER = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[ob][0-7_]+|[0-9][0-9_]*(?:\.[0-9_]*)?"
    r"|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
)


def plain(text: str) -> object:
    """Return what a plain scalar means: None, bool, int, float, `Ambiguous`, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else Ambiguous(text)
    return Ambiguous(text) if _OTHER_NUMBER.fullmatch(text) else text
