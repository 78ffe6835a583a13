"""The page of a run: one HTML file that needs nothing else."""

import io
import math
import shlex
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from matplotlib.figure import Figure
from PIL import Image, UnidentifiedImageError

from saddlepoint.report.evaluations import EvaluationTable, evaluation_figure, tabulated
from saddlepoint.report.exhibits import pair_figure, read_exhibits
from saddlepoint.report.figures import (
    DARK,
    LIGHT,
    Panel,
    as_png,
    as_svg,
    curves,
    data_uri,
    panel_figure,
    panels,
    recoloured,
    save_png,
)
from saddlepoint.report.history import columns, compact, duration, mapping, measure_of, number
from saddlepoint.report.perception_distortion import trade_figure
from saddlepoint.report.plane import MOMENTS, Plane, plane_figure, read_plane
from saddlepoint.report.templates import template
from saddlepoint.report.text import quality_diversity_figure
from saddlepoint.report.verdicts import Finding, examine, verdicts
from saddlepoint.storage import (
    RunFolder,
    from_yaml,
    read_bytes,
    read_evaluations,
    read_records,
    read_text,
    write_atomically,
)
from saddlepoint.storage.folder import CONFIG_BYTES

#: Snapshots on the page: enough to see the training as a film.
SNAPSHOTS = 24
#: Snapshots of texts.
TEXTS = 8
#: Bytes of all snapshots together, and of the large latest one.
SNAPSHOT_BYTES, STAGE_BYTES = 1_300_000, 500_000
#: Bytes and pixels of a picture that is read; a larger one is none that a training drew.
READ_BYTES, READ_PIXELS = 64 << 20, 40_000_000
#: Pictures narrower than this are shown with hard pixels: smoothing would hide what the generator drew.
SMALL = 640
#: Classes named on the page.
CLASSES = 20

_LEVELS = {"good": "Good", "watch": "Watch", "bad": "Act"}
_QUESTIONS = {"game": "Is the game sound?", "result": "Is the result good?", "done": "Is it done?"}


@dataclass(frozen=True)
class Snapshot:
    """A fixed-latent grid as the page shows it.

    Attributes:
        samples: seen when it was drawn.
        label: the same for people.
        picture: a `data:` address.
        width, height: in pixels.
    """

    samples: int
    label: str
    picture: str
    width: int
    height: int


@dataclass(frozen=True)
class Chart:
    """One panel of curves, for a light and a dark page."""

    title: str
    description: str
    light: str
    dark: str


@dataclass(frozen=True)
class Row:
    """One metric in the table of final numbers."""

    name: str
    last: str
    best: str
    best_at: str
    direction: str


def evidence_of(path: Path) -> dict[str, Any]:
    """What `examine` and `verdicts` are given of a run's folder, by the names of their arguments."""
    folder = RunFolder(path)
    config = folder.read_config() if folder.config.exists() else None
    identity = folder.read_identity()
    return {"records": read_records(folder.records), "config": config, "identity": identity, "folder": path}


def examine_run(path: Path) -> list[Finding]:
    """What is found of a run's folder, the gravest first; never empty."""
    return examine(**evidence_of(path))


def write_report(folder: Path) -> Path:
    """Write `report.html` of a run, whole or not at all, and return its path.

    Works on a run that still goes on, has no record yet, or lacks its samples.

    Raises:
        ValueError: this is no run folder, or a file in it can't be read; says what to do.
    """
    run = RunPage(folder)
    path = run.folder.report
    write_atomically(path, template("page.html").render(run.facts()), folder)
    return path


def write_curves(folder: Path) -> Path:
    """Write `curves.png` of a run, whole or not at all, and return its path.

    Raises:
        ValueError: this is no run folder, or a file in it can't be read; says what to do.
    """
    path = folder / "curves.png"
    run = RunPage(folder)
    save_png(curves(run.records, measures=run.identity.get("measures")), path)
    return path


class RunPage:
    """What a run folder holds, read leniently: a report is wanted most where something went wrong.

    Args:
        path: the folder.
        records: as they were read already; None reads them.

    Raises:
        ValueError: this is no run folder, or a file in it can't be read; says what to do.
    """

    def __init__(self, path: Path, records: list[dict[str, Any]] | None = None) -> None:
        self.path, self.folder = path, RunFolder(path)
        known = (self.folder.identity, self.folder.config, self.folder.records)
        if not path.is_dir():
            raise ValueError(f"there is no run folder {path}: give one that `saddle train` made, as in runs/digits")
        if not any(file.is_file() for file in known):
            raise ValueError(
                f"{path} is no run folder: it holds none of {', '.join(f.name for f in known)}; "
                "give one that `saddle train` made, as in runs/digits"
            )
        self.folder.check_inside()
        try:
            self.identity = self.folder.read_identity()
            self.records = read_records(self.folder.records) if records is None else records
            config = self.folder.config
            self.config_text = read_text(config, CONFIG_BYTES, "replace") if config.exists() else ""
        except OSError as error:
            raise ValueError(
                f"{path} can't be read ({error}): check its permissions, or restore the file from a copy"
            ) from error
        self.config = _configuration(self.config_text)
        self.last: Mapping[str, Any] = self.records[-1] if self.records else {}

    def facts(self) -> dict[str, Any]:
        """All that the template asks for, in plain words."""
        snapshots, of, unreadable = _snapshots(self.folder.samples)
        return {
            **self.words(),
            **self.measured(),
            **self.exhibits(),
            "snapshots": snapshots,
            "snapshots_of": of,
            "unreadable": unreadable,
            "latest": _latest(self.folder.samples),
            "texts": _texts(self.folder.samples),
            "small": SMALL,
            "charts": [_chart(panel) for panel in self.panels()],
            "plane": self._plane(),
            "config": highlighted(self.config_text),
        }

    def words(self) -> dict[str, Any]:
        """All that takes no picture."""
        return {
            "name": str(self.identity.get("name") or self.path.resolve().name),
            "recipe": str(self.identity.get("recipe") or self.config.get("recipe") or ""),
            "outcome": self._outcome(),
            "badge": str(self.identity.get("outcome") or self.identity.get("state") or "unknown"),
            "tone": self._tone(),
            "tiles": self._tiles(),
            "levels": _LEVELS,
            "verdicts": verdicts(self.records, config=self.config, identity=self.identity, folder=self.path),
            "questions": _QUESTIONS,
            "interventions": self.identity.get("interventions", []),
            "things": str(mapping(self.identity.get("dataset")).get("kind") or "samples"),
            "metrics": self._metrics(),
            "commands": self._commands(),
            "started_with": shlex.join(_strings(self.identity.get("command"))),
            "dataset": self._dataset(),
            "notes": _strings(mapping(self.identity.get("dataset")).get("notes")),
            "run_facts": self._run_facts(),
            "citations": _strings(self.identity.get("citations")),
        }

    def panels(self) -> list[Panel]:
        """The curves."""
        return panels(self.records, self.identity.get("measures"))

    def real_plane(self) -> Plane | None:
        """Points of the data, of a game in the plane."""
        try:
            return read_plane(self.folder.exhibits / "plane.json")
        except OSError:
            return None

    def _plane(self) -> Chart | None:
        """The discriminator's field at some moments, of a game in the plane."""
        found = numbered(self.folder.samples, ".json")
        moments = []
        for seen, path in (found[place] for place in evenly(len(found), MOMENTS)):
            try:
                plane = read_plane(path)
            except OSError:
                continue
            if plane is not None:
                moments.append((seen, plane))
        if not moments:
            return None
        said = "The discriminator's logit in the plane, with generated points, real points and gradients, over time."
        drawn = data_uri(as_png(plane_figure(moments, self.real_plane()), 110), "image/png")
        return Chart("The game in the plane", said, drawn, drawn)

    def measured(self) -> dict[str, Any]:
        """What `saddle evaluate` left: a table, notes, figures."""
        return {
            "evaluation": self._evaluation(),
            "evaluation_notes": _strings(self._newest_evaluation().get("notes")),
            "evaluation_figures": self._figures(),
        }

    def _spent(self, key: str) -> float:
        """Samples, steps, evaluations or seconds; of a running run as of its last record."""
        spent = number(self.identity.get(key))
        return spent if math.isfinite(spent) and self._ended else number(self.last.get(key))

    @property
    def _ended(self) -> bool:
        return self.identity.get("state") == "ended"

    def _tone(self) -> str:
        outcome = self.identity.get("outcome")
        if outcome in ("non-finite", "diverged"):
            return "bad"
        return "good" if self._ended else "watch"

    def _outcome(self) -> str:
        message = str(self.identity.get("message") or "").strip()
        samples = self._spent("samples")
        where = f" at {int(samples):,} samples" if math.isfinite(samples) else ""
        if not self._ended:
            return f"The run had not ended when this page was written{where or ', and had recorded nothing yet'}."
        sentence = message or f"The run ended{where}."
        return _sentence(sentence)

    def _tiles(self) -> list[tuple[str, str, str]]:
        tiles = []
        for key, label in (
            ("samples", "samples seen"),
            ("evaluations", "gradient evaluations"),
            ("steps", "steps"),
        ):
            spent = self._spent(key)
            if math.isfinite(spent):
                tiles.append((compact(spent), label, f"{int(spent):,}"))
        seconds = self._spent("seconds")
        if math.isfinite(seconds):
            tiles.append((duration(seconds), "training time", f"{seconds:,.1f} seconds"))
            samples = self._spent("samples")
            if seconds > 0 and math.isfinite(samples):
                tiles.append((compact(samples / seconds), "samples a second", f"{samples / seconds:,.1f}"))
        known = {"compiling": 0.0, **mapping(self.identity.get("times"))}
        times = {name: number(known.get(name)) for name in ("steps", "data", "compiling", "looks")}
        if (whole := sum(times.values())) > 0:
            told = ", ".join(f"{name} {own:,.1f} s" for name, own in times.items() if own or name != "compiling")
            tiles.append((f"{1 - times['steps'] / whole:.0%}", "outside of steps", told))
        return tiles

    def _metrics(self) -> list[Row]:
        series = {metric.name: metric for metric in columns(self.records, "metrics")}
        final = mapping(self.identity.get("metrics"))
        rows = []
        for name in dict.fromkeys([*series, *map(str, final)]):
            recorded = series.get(name)
            last = number(final.get(name)) if name in final else math.nan
            if math.isnan(last) and recorded is not None:
                last = float(recorded.values[-1])
            measure = measure_of(self.identity.get("measures"), name)
            best = recorded.best(measure) if recorded is not None else None
            at_end = measure.badness(last)  # NaN where it is not finite, or no direction is known
            if math.isfinite(at_end) and (best is None or at_end < measure.badness(best[0])):
                best_value, best_at = f"{last:.4g}", "the end"
            elif best is not None:
                best_value, best_at = f"{best[0]:.4g}", f"{best[1]:,} samples"
            else:
                best_value, best_at = "—", "—"
            rows.append(
                Row(
                    name,
                    f"{last:.4g}" if math.isfinite(last) else "non-finite",
                    best_value,
                    best_at,
                    measure.words or "no direction is known",
                )
            )
        return rows

    def _evaluation(self) -> EvaluationTable | None:
        """What `saddle evaluate` measured, or None; a damaged file is left to the next evaluation to complain of."""
        try:
            table = tabulated(read_evaluations(self.folder.evaluations))
        except (ValueError, KeyError, TypeError, AttributeError, OSError):
            return None
        return table if table.rows else None

    def exhibits(self) -> dict[str, Any]:
        """What lies beside the snapshots, as the template asks for it."""
        found = read_exhibits(self.folder.exhibits)
        pictures = {name: _pictured(path) for name, path in found.pictures.items()}
        evaluated = [(name, picture) for name, path in found.evaluated if (picture := _pictured(path)) is not None]
        pairs = None
        if found.pairs is not None:
            title = "How alike pairs of columns hang together"
            said = f"{title}, made against real rows; columns alone on the diagonal. 1 is alike."
            pairs = _drawn(pair_figure(*found.pairs, theme=_PAGE_LIGHT), title, said)
        return {
            "real": pictures.get("real"),
            "live": pictures.get("live"),
            "nearest": pictures.get("nearest"),
            "captions": found.captions,
            "real_text": found.real_text,
            "sounds": [(kind, own) for kind, own in (("Real", found.real_sounds), ("Made", found.made_sounds)) if own],
            "rows": found.rows,
            "pairs": pairs,
            "evaluated": evaluated,
        }

    def _newest_evaluation(self) -> Mapping[str, Any]:
        try:
            return read_evaluations(self.folder.evaluations)[-1]
        except (ValueError, IndexError, OSError):
            return {}

    def _figures(self) -> list[Chart]:
        """The figures of the newest evaluation; none of what can't be read."""
        found, newest = [], self._newest_evaluation()
        for draw, title in (
            (evaluation_figure, "Distances against the number of samples, and shares of classes"),
            (quality_diversity_figure, "Quality against variety, through temperatures"),
            (trade_figure, "Looks against faithfulness"),
        ):
            try:
                figure = draw(newest, theme=_PAGE_LIGHT)
            except (ValueError, KeyError, TypeError, AttributeError, IndexError):
                continue
            if figure is not None:
                found.append(_drawn(figure, title, f"{title}, as in the table below."))
        return found

    def _commands(self) -> list[tuple[str, str]]:
        here, config = shlex.quote(str(self.path)), shlex.quote(str(self.folder.config))
        again = shlex.quote(f"{self.path}-again")
        samples = self._spent("samples")
        more = 2 * int(samples) if math.isfinite(samples) and samples > 0 else 100_000
        return [
            ("Train the same again", f"saddle train {config} --out {again}"),
            *(
                [
                    ("Use what came of it", str(self.identity.get("usage", "saddle sample {}")).replace("{}", here)),
                    ("Measure how good it is", f"saddle evaluate {here}"),
                ]
                if self._ended
                else []
            ),
            ("Go on from here", f"saddle train {config} --out {here} --samples {more}"),
            ("Write this page anew", f"saddle report {here}"),
        ]

    def _dataset(self) -> list[tuple[str, str]]:
        data = mapping(self.identity.get("dataset"))
        shape = data.get("shape")
        counts = {str(kind).capitalize(): f"{n:,}" for kind, n in data.items() if isinstance(n, int)}
        facts = {
            "Name": data.get("name"),
            "Source": data.get("source"),
            "Fingerprint": data.get("fingerprint"),
            **counts,
            "Classes": _named(_strings(data.get("classes"))),
            "Shape": " × ".join(str(n) for n in shape) + " (channels, height, width)"
            if "Images" in counts and isinstance(shape, Sequence) and not isinstance(shape, str) and shape
            else None,
        }
        return [(key, str(value)) for key, value in facts.items() if value]

    def _run_facts(self) -> list[tuple[str, str]]:
        parameters = mapping(self.identity.get("parameters"))
        versions = mapping(self.identity.get("versions"))
        facts: dict[str, object] = {
            "Started": _moment(self.identity.get("started")),
            "Ended": _moment(self.identity.get("ended")),
            "Device": self.identity.get("device"),
            **{
                f"Parameters of the {player}": f"{int(count):,}"
                for player, value in parameters.items()
                if math.isfinite(count := number(value))
            },
            **{f"Version of {package}": version for package, version in versions.items()},
        }
        return [(key, str(value)) for key, value in facts.items() if value]


# --- pictures -------------------------------------------------------------------------------------------


def numbered(samples: Path, ending: str = ".png") -> list[tuple[int, Path]]:
    """The snapshots of a run by samples seen, or what lies beside them; nothing else that may lie there."""
    if not samples.is_dir():
        return []
    return sorted((int(path.stem), path) for path in samples.glob(f"*{ending}") if path.stem.isdecimal())


def _snapshots(samples: Path) -> tuple[list[Snapshot], int, int]:
    """Evenly spaced snapshots, first and last among them; how many there are; how many could not be read."""
    found = numbered(samples)
    chosen = evenly(len(found), SNAPSHOTS)
    shown, unreadable = [], 0
    for place in chosen:
        try:
            shown.append(_snapshot(*found[place], SNAPSHOT_BYTES // len(chosen)))
        except (OSError, UnidentifiedImageError, SyntaxError, ValueError):  # Pillow says all of these of damage
            unreadable += 1
    return shown, len(found), unreadable


def _latest(samples: Path) -> Snapshot | None:
    """The newest snapshot that can be read, large."""
    for seen, path in reversed(numbered(samples)):
        try:
            return _snapshot(seen, path, STAGE_BYTES)
        except (OSError, UnidentifiedImageError, SyntaxError, ValueError):
            continue
    return None


def _pictured(path: Path) -> Snapshot | None:
    """A picture beside the snapshots, or None where it can't be read."""
    try:
        return _snapshot(0, path, STAGE_BYTES)
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _texts(samples: Path) -> list[tuple[str, str]]:
    """The snapshots of a run that makes texts, the newest first: samples seen, and the texts."""
    found = numbered(samples, ".txt")
    return [
        (f"{seen:,} samples", read_text(path, SNAPSHOT_BYTES, "replace"))
        for seen, path in (found[place] for place in reversed(evenly(len(found), TEXTS)))
    ]


def evenly(count: int, wanted: int) -> list[int]:
    """At most `wanted` of `count` places, evenly spaced, the first and the last among them.

    >>> evenly(10, 4), evenly(2, 4), evenly(0, 4)
    ([0, 3, 6, 9], [0, 1], [])
    """
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, wanted))}) if count else []


def _snapshot(seen: int, path: Path, limit: int) -> Snapshot:
    picture, kind, (width, height) = compressed(path, limit)
    return Snapshot(seen, f"{seen:,} samples", data_uri(picture, kind), width, height)


def compressed(path: Path, limit: int) -> tuple[bytes, str, tuple[int, int]]:
    """A picture in at most about `limit` bytes: as it is, with losses, and at last smaller.

    Returns:
        The content; its media type; width and height in pixels.

    Raises:
        OSError, SyntaxError, ValueError: it can't be read, or is too large.
    """
    content = read_bytes(path, READ_BYTES)
    with _opened(content) as opened:
        if opened.width * opened.height > READ_PIXELS:
            raise ValueError(f"{path.name} has {opened.width} x {opened.height} pixels")
        opened.load()
        if len(content) <= limit and opened.format == "PNG":
            return content, "image/png", opened.size
        picture = opened.convert("RGB")
    while True:
        for quality in (85, 60):
            buffer = io.BytesIO()
            picture.save(buffer, format="JPEG", quality=quality)
            if buffer.tell() <= limit or min(picture.size) < 64:
                return buffer.getvalue(), "image/jpeg", picture.size
        picture = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BOX)


def _opened(content: bytes) -> Image.Image:
    """A picture whose head was read. Raises OSError or ValueError where it is none, or far too large."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # its size is looked at
        try:
            return Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "GIF", "WEBP"))
        except Image.DecompressionBombError as error:
            raise ValueError(str(error)) from error


def _chart(panel: Panel) -> Chart:
    last = []
    for series, label in zip(panel.series, panel.labels, strict=True):
        finite = series.finite()
        ends = f"ends at {finite.values[-1]:.3g}" if len(finite.values) else "has no finite value"
        last.append(f"{label} {ends}")
    description = f"{panel.title} ({panel.unit}) against samples seen: {', '.join(last)}."
    return _drawn(panel_figure(panel, _PAGE_LIGHT), panel.title, description)


def _drawn(figure: Figure, title: str, description: str) -> Chart:
    light = as_svg(figure)
    return Chart(
        title,
        description,
        data_uri(light, "image/svg+xml"),
        data_uri(recoloured(light, _PAGE_LIGHT, DARK), "image/svg+xml"),
    )


#: The cards of the page have a colour of their own.
_PAGE_LIGHT = LIGHT.on("none")


# --- words ----------------------------------------------------------------------------------------------


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "…")) else ".")


def _moment(iso: object) -> str | None:
    if not isinstance(iso, str):
        return None
    try:
        return datetime.fromisoformat(iso).strftime("%Y-%m-%d %H:%M:%S %Z").strip()
    except ValueError:
        return iso


def _named(classes: Sequence[str]) -> str:
    """How many, and the first of them; nothing where there are none."""
    more = ", …" if len(classes) > CLASSES else ""
    return f"{len(classes):,}: {', '.join(classes[:CLASSES])}{more}" if classes else ""


def _strings(value: object) -> list[str]:
    return [str(part) for part in value] if isinstance(value, list | tuple) else []


def _configuration(text: str) -> Mapping[str, Any]:
    try:
        return mapping(from_yaml(text))
    except ValueError:
        return {}


def highlighted(text: str) -> Markup:
    """YAML with its keys and comments marked; everything in it escaped."""
    lines = []
    for line in text.splitlines():
        body = line.lstrip(" -")
        indent = line[: len(line) - len(body)]
        key, colon, value = body.partition(":")
        if body.startswith("#"):
            lines.append(Markup('{}<span class="note">{}</span>').format(indent, body))
        elif colon and (not value or value.startswith(" ")):
            lines.append(Markup('{}<span class="key">{}</span>:{}').format(indent, key, value))
        else:
            lines.append(escape(line))
    return Markup("\n").join(lines)
