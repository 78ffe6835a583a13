"""Pictures before and after, on one page that needs nothing else."""

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps

from saddlepoint.storage import write_atomically

#: Pixels a side of what the page shows, at most; pairs on it, at most.
SIDE, MOST = 640, 200
_STYLE = """
body { font: 15px system-ui, sans-serif; margin: 2rem auto; max-width: 1340px; padding: 0 1rem }
body { background: #fff; color: #222 }
figure { margin: 0 0 2.5rem; display: grid; grid-template-columns: 1fr 1fr; gap: 8px }
figcaption { grid-column: 1 / 3; overflow-wrap: anywhere }
img { width: 100%; background: repeating-conic-gradient(#ddd 0 25%, #fff 0 50%) 0 / 16px 16px }
small { color: #666 }
@media (prefers-color-scheme: dark) { body { background: #161616; color: #ddd } small { color: #999 } }
"""


def write_page(path: Path, pairs: Sequence[tuple[Path, Path]]) -> None:
    """Write a page with the pictures of files, each beside its result; animations by their first frame.

    Args:
        path: of the page, HTML.
        pairs: files before and after.

    Raises:
        OSError: it can't be written.
    """
    figures = [_figure(before, after) for before, after in pairs[:MOST]]
    more = f"<p>and {len(pairs) - MOST:,} more</p>" if len(pairs) > MOST else ""
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Before and after</title><style>{_STYLE}</style><h1>Before and after</h1>"
        f"{''.join(figures)}{more}</html>"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, page.encode("utf-8", "replace"))


def _figure(before: Path, after: Path) -> str:
    name = html.escape(str(before).encode("utf-8", "replace").decode())
    sides = [_shown(file) for file in (before, after)]
    pictures = "".join(f"<img src='data:image/{kind};base64,{data}' alt=''>" for kind, data, _ in sides)
    sizes = " → ".join(size for _, _, size in sides)
    return f"<figure><figcaption>{name} <small>{sizes}</small></figcaption>{pictures}</figure>"


def _shown(file: Path) -> tuple[str, str, str]:
    """Kind, base64 and size in words of a picture, made smaller where it is large."""
    with Image.open(file) as opened:
        image = ImageOps.exif_transpose(opened)
        size = f"{image.width}x{image.height}"
        if image.mode.startswith("I") or image.mode == "F":
            low, high = image.getextrema()
            image = image.point(lambda v: (v - low) * (255 / max(high - low, 1))).convert("L")  # type: ignore[operator]
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        small = max(image.size) < SIDE / 2
        factor = SIDE / max(image.size)
        if small:
            image = image.resize(
                (image.width * max(1, int(factor)), image.height * max(1, int(factor))), Image.Resampling.NEAREST
            )
        else:
            image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    kind = "png" if image.mode == "RGBA" or small else "jpeg"
    content = io.BytesIO()
    image.save(content, kind.upper(), **({} if kind == "png" else {"quality": 88}))
    return kind, base64.b64encode(content.getvalue()).decode(), size
