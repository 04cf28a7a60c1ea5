"""Why a text is not taken as YAML, at the place where it goes wrong."""

from __future__ import annotations

import re

from yaml.error import MarkedYAMLError

from reconciler.diagnostics import Diagnostic

Place = tuple[int, int]
"""Line and column, both from 1."""

MAX_TEXT = 400
"""Characters of one sentence of a finding; what people wrote is quoted in it, however long."""

FORBIDDEN = re.compile(
    # C0 and C1 controls, DEL, a carriage return that ends no line, and the line breaks of YAML 1.1
    # that editors and reviews do not show as such (a comment could hide a setting after them)
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)"
    # marks that make text read in another order than it has (Unicode TR #36, "trojan source")
    "|[\u202a-\u202e\u2066-\u2069]"
)
"""What is in no file, not even in a comment or behind a backslash."""


def shortened(text: str) -> str:
    """Return the text, cut where it is too long to be read."""
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def place_in(text: str, index: int) -> Place:
    """Return the place of the character at `index`."""
    line_start = text.rfind("\n", 0, index) + 1
    return text.count("\n", 0, index) + 1, index - line_start + 1


def within(text: str, place: Place) -> Place:
    """Return `place`, or the end of the text where libyaml counts a line more than there is."""
    return min(place, place_in(text, len(text)))


def not_utf8(data: bytes, index: int, file: str) -> Diagnostic:
    """Return the finding for the byte at `index`, the first that is not UTF-8."""
    before = data[:index].decode("utf-8")
    line, column = place_in(before, len(before))
    return Diagnostic(
        code="not-utf-8",
        summary=f"the byte 0x{data[index]:02x} is not UTF-8",
        hint="save the file as UTF-8",
        file=file,
        line=line,
        column=column,
    )


def forbidden(text: str, found: re.Match[str], file: str) -> Diagnostic:
    """Return the finding for a character of `FORBIDDEN` that stands in the text itself."""
    return invisible(found, place_in(text, found.start()), file)


def invisible(found: re.Match[str], place: Place, file: str) -> Diagnostic:
    """Return the finding for a character of `FORBIDDEN` in the value at `place`."""
    return Diagnostic(
        code="control-character",
        summary=f"the character U+{ord(found[0]):04X} is not allowed; people could not see it",
        hint="remove it (a line ends with LF or CR LF, and indentation is made of spaces)",
        file=file,
        line=place[0],
        column=place[1],
    )


def syntax(error: MarkedYAMLError, text: str, file: str) -> Diagnostic:
    """Return libyaml's complaint as a finding."""
    mark = error.problem_mark or error.context_mark
    line, column = within(text, (mark.line + 1, mark.column + 1) if mark else (1, 1))
    row = text.split("\n")[line - 1]
    tab = "\t" in row[: len(row) - len(row.lstrip())]
    reason = " ".join(part for part in (error.context, error.problem) if part)
    return Diagnostic(
        code="yaml-tab" if tab else "yaml-syntax",
        summary=f"not YAML: {reason}",
        hint="indent with spaces" if tab else "look at this line and the one above",
        file=file,
        line=line,
        column=column,
    )
