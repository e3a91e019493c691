"""A small writer of SVG, for pictures that are legible on light and on dark pages.

The picture brings its own background, so that its text can be read even where the page and the
reader's system do not agree on which of the two it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

_STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #57606a }
.title { font-size: 14px; font-weight: 600; fill: #1f2328 }
.axis { font-size: 13px; fill: #1f2328 }
.middle { text-anchor: middle }
.end { text-anchor: end }
.page { fill: #ffffff }
path { fill: none }
.grid { stroke: #d8dee4; stroke-width: 1 }
.mlflow { stroke: #bc4c00; stroke-width: 2 }
path.mlflow { stroke-dasharray: 6 4 }
.mlflow-migrate { stroke: #0969da; stroke-width: 2.5 }
circle.mlflow { fill: #bc4c00 }
circle.mlflow-migrate { fill: #0969da }
circle.open { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1 }
  .title, .axis { fill: #f0f6fc }
  .page { fill: #0d1117 }
  .grid { stroke: #30363d }
  .mlflow { stroke: #f0883e }
  .mlflow-migrate { stroke: #58a6ff }
  circle.mlflow { fill: #f0883e }
  circle.mlflow-migrate { fill: #58a6ff }
  circle.open { fill: #0d1117 }
}
"""


class Drawing:
    """One picture. Classes are those of the style above."""

    def __init__(self, width: float, height: float, title: str) -> None:
        self._size = f"{width:g}", f"{height:g}"
        self._title = title
        self._parts: list[str] = []

    def path(self, places: Iterable[tuple[float, float]], classes: str) -> None:
        """A line from place to place."""
        steps = " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        self._parts.append(f'<path class="{classes}" d="M{steps}"/>')

    def dot(self, x: float, y: float, classes: str) -> None:
        """A small disc."""
        self._parts.append(f'<circle class="{classes}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>')

    def text(self, x: float, y: float, words: str, classes: str, *, turned: bool = False) -> None:
        """Words on a line; `turned` upwards around their place."""
        turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
        place = f'x="{x:.1f}" y="{y:.1f}"{turn}'
        self._parts.append(f'<text class="{classes}" {place}>{escape(words)}</text>')

    def svg(self) -> str:
        """The file's text."""
        width, height = self._size
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}" role="img">'
        )
        page = f'<rect class="page" width="{width}" height="{height}" rx="6"/>'
        title = f"<title>{escape(self._title)}</title>"
        return "\n".join([head, title, f"<style>{_STYLE}</style>", page, *self._parts, "</svg>\n"])
