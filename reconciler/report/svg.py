"""The strokes that pictures are made of, and their colours on light and dark grounds."""

from __future__ import annotations

from html import escape

BAR = 11.0
"""The height of a bar."""
_VISIBLE = 0.05
STYLE = """
.rp { --ground: #fbfcfd; --ink: #1b2733; --dim: #5d6b79; --line: #dfe5eb; --step: #b4235a;
  --h0: #66788a; --h1: #0b7a75; --h2: #2f5fd0; --h3: #7a3fc4; --rule: #8a6100;
  font: 12px system-ui, sans-serif; max-width: 100%; height: auto }
@media (prefers-color-scheme: dark) {
  .rp { --ground: #14191f; --ink: #e8edf2; --dim: #9aa8b5; --line: #2a333d; --step: #ff7aa8;
    --h0: #8fa1b3; --h1: #3fc1b5; --h2: #7ea2ff; --h3: #bd93f2; --rule: #e0b040 } }
.rp text { fill: var(--ink) } .rp .on { paint-order: stroke; stroke: var(--ground);
  stroke-width: 4px; stroke-linejoin: round }
.rp .dim { fill: var(--dim) } .rp .name { font-weight: 600 }
.rp .ground { fill: var(--ground) } .rp .line { stroke: var(--line) }
.rp .mark { stroke: var(--step); stroke-width: 1.5; stroke-dasharray: 1 3; stroke-linecap: round }
.rp .disc { fill: var(--step) } .rp text.id { fill: var(--ground); font-weight: 700 }
.rp .origin { stroke: var(--dim) }
.rp .v0 { fill: var(--h0) } .rp .v1 { fill: var(--h1) } .rp .v2 { fill: var(--h2) }
.rp .v3 { fill: var(--h3) } .rp .served { opacity: .55 } .rp .cached { opacity: .28 }
.rp .unknown { fill: none; stroke: var(--dim); stroke-dasharray: 4 3 }
.rp .wait { stroke: var(--step); stroke-width: 2; fill: none }
.rp .rest { stroke: var(--dim); stroke-dasharray: 2 4; fill: none }
.rp .rule { stroke: var(--rule) }
""".strip()


def rect(left: float, right: float, y: float, kind: str) -> str:
    """Return a bar; nothing where it is thinner than anybody sees."""
    if right - left < _VISIBLE:
        return ""
    return (
        f'<rect class="{kind}" x="{left:.1f}" y="{y:g}" width="{right - left:.1f}" '
        f'height="{BAR:g}"/>'
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Return a straight line."""
    return f'<path class="{kind}" d="M{x1:.1f} {y1:g}L{x2:.1f} {y2:g}"/>'


def text(x: float, y: float, words: str, kind: str, *, anchor: str = "") -> str:
    """Return words, escaped, from `x` on or around it."""
    classes = f' class="{kind}"' if kind else ""
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:.1f}" y="{y:g}"{classes}{anchored}>{escape(words)}</text>'
