"""Marks of files, and samples that are made again from what a mark says."""

import hashlib
import json
import tempfile
import wave
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy
import torch

from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.decoding import available_formats, decode_whole
from saddlepoint.data.folder import WHITE
from saddlepoint.marks import Mark, mark_beside, mark_in
from saddlepoint.marks.signing import credentials_in
from saddlepoint.runs.run import Run
from saddlepoint.storage.sealed import checksum
from saddlepoint.tasks import Converter, Model, Sampler
from saddlepoint.tasks.judge import chosen_as
from saddlepoint.tasks.model import FOLDER, number_of
from saddlepoint.tasks.pictures import write_animation

#: Frames between two stops of a walk.
FRAMES = 24
#: What a file may turn out to be: the same to the byte, the same samples in another file, others, or not tried.
Agreement = Literal["bytes", "samples", "different", "not tried"]


def mark_of(run: Run, model: Model, command: str, options: Mapping[str, Any], **more: Any) -> Mark:
    """The mark of what a model of a run makes.

    Args:
        run: from where.
        model: of the run.
        command: that writes.
        options: as they were given, in values that JSON has; of a table that is completed, its name and checksum.
        more: further fields of the mark.
    """
    place = run.path.resolve()
    plain = json.loads(json.dumps(dict(options), default=str))
    if isinstance(plain.get("like"), str):
        plain["like"] = f"{Path(plain['like']).name}, SHA-256 {checksum(Path(plain['like']))[:16]}"
    return Mark(
        command,
        place.parent.name if place.name == run.storage.generator.name else place.name,
        model.kind,
        model.digest,
        kind=model.source_type,
        version=version("saddlepoint"),
        versions={"torch": torch.__version__, "numpy": numpy.__version__},
        options=plain,
        **more,
    )


@dataclass(frozen=True)
class Verified:
    """What is known of a file.

    Attributes:
        mark: that it carries, or that lies beside it; None where there is none.
        intact: of a mark beside: whether the file is the one that it was written for; None of one inside.
        credentials: what its C2PA manifest says, see `credentials_in`; None without one, or without the extra.
        agreement: of the file with what the run makes.
        reason: why, a sentence.
    """

    mark: Mark | None
    intact: bool | None = None
    credentials: Mapping[str, Any] | None = None
    agreement: Agreement = "not tried"
    reason: str = ""

    @property
    def holds(self) -> bool:
        """Whether there is a mark, and nothing that was found speaks against it."""
        spoilt = self.credentials is not None and not self.credentials["valid"]
        return self.mark is not None and self.intact is not False and not spoilt and self.agreement != "different"


def verify(file: Path, run: Run | None = None, source: Path | None = None) -> Verified:
    """Read a file's mark; with its run, make the sample again and compare.

    Args:
        file: any file; what it says is read in bounds, and nothing of it is run.
        run: that it says it is of; None reads alone.
        source: the file that was converted, of a translated, enhanced or vocoded one.

    Raises:
        OSError: there is no such file.
        ConfigurationError: more samples than memory holds would have to be drawn.
    """
    file.stat()
    mark, intact = mark_in(file), None
    if mark is None:
        mark, fits = mark_beside(file)
        intact = fits if mark is not None else None
    found = Verified(mark, intact, credentials_in(file))
    if mark is None or run is None:
        return found
    try:
        agreement, reason = _reproduced(file, mark, run, source)
    except ConfigurationError:
        raise
    except (RuntimeError, TypeError, ValueError) as error:  # whatever values lead to that somebody wrote
        agreement, reason = "not tried", f"what the mark says can't be made: {error}"
    return replace(found, agreement=agreement, reason=reason)


def _reproduced(file: Path, mark: Mark, run: Run, source: Path | None) -> tuple[Agreement, str]:
    model = run.model if mark.taken is None else run.weighted(mark.taken)
    if model.kind != mark.model:
        return "different", f"{run.path} holds {model.title}, and the file says that it is of a model of {mark.model}"
    if model.digest != mark.weights:
        which = "its newest checkpoint has" if mark.taken else "it has"
        return "not tried", f"the file is of other weights than {run.path}: {which} {model.digest[:16]}"
    if "like" in mark.options:
        return (
            "not tried",
            f"its rows complete a table of the user's ({mark.options['like']}): sample again and compare",
        )
    with tempfile.TemporaryDirectory(prefix="saddlepoint-") as folder:
        made = _made(Path(folder), file, mark, model, source, run.path)
        if isinstance(made, str):
            return "not tried", made
        if made.is_file() and made.read_bytes() == file.read_bytes():
            return "bytes", "the run makes the same file, bit for bit"
        if made.is_file() and _same_content(made, file, mark):
            return "samples", "the run makes the same sample, bit for bit; the file around it is another one"
    others = [
        f"{name} {then} then, {now} now"
        for name, then in mark.versions.items()
        if (now := {"torch": torch.__version__, "numpy": numpy.__version__}.get(name, then)) != then
    ]
    because = f"; the versions differ ({', '.join(map(str, others))}), which may change last digits" if others else ""
    return "different", f"the run makes another sample of this mark{because}"


def _made(folder: Path, file: Path, mark: Mark, model: Model, source: Path | None, run: Path) -> Path | str:
    """The file that the mark says, made anew below a folder; or why it can't be made."""
    target = folder / file.name
    if isinstance(model, Converter):
        if source is None:
            return "it was converted from another file: give that with --source"
        digest = _digest(source)
        if digest != mark.input:
            return f"{source} is not the file that it was converted from (SHA-256 {digest[:16]})"
        options = model.Options.read(dict(mark.options))
        return model.prepared(options).convert(source, target, options, mark=mark) or target
    assert isinstance(model, Sampler)
    seed, n = mark.seed or 0, mark.n or 1
    if mark.command == "link":
        return "it is one of two linked tables: draw both again from their folder, and compare"
    if mark.command == "augment":
        keep = mark.options.get("keep")
        made = model.enlarge((mark.position or 0) + 1, seed, keep=keep)
        made.write(folder / "set", mark=mark)
        wanted = model.classes.index(mark.label) if mark.label in model.classes else -1
        several = sorted((folder / "set").glob("*/generated-*.png"))
        own = [one for one in several if (said := mark_in(one)) and said.label == mark.label]
        return "it says no class of the run's" if wanted < 0 or not own else own[-1]
    model, given = chosen_as(mark.options, model, run)
    assert isinstance(model, Sampler)
    options, label = model.Options.read(given), model.class_named(mark.label)
    if mark.command == "walk":
        write_animation(target, model.walk(FRAMES, seed, label, options), mark)
        return target
    model.check_room(n, options)
    drawn = model.draw(n, seed, label, options)
    if mark.position is None:
        model.write(drawn, target, mark=mark)
        return target
    model.write(drawn, folder / "all", FOLDER, replace(mark, position=None))
    return next((one for one in (folder / "all").iterdir() if number_of(one) == mark.position), folder / "none")


def _same_content(made: Path, file: Path, mark: Mark) -> bool:
    """Whether pixels or waves are equal, whatever else the files hold. Animations are compared as files alone."""
    if mark.command == "walk":
        return False
    if made.suffix.lower() == ".wav":
        try:
            with wave.open(str(made), "rb") as a, wave.open(str(file), "rb") as b:
                return a.getparams() == b.getparams() and a.readframes(a.getnframes()) == b.readframes(b.getnframes())
        except (wave.Error, EOFError, ValueError):
            return False
    pictures = [decode_whole(path, WHITE, available_formats()) for path in (made, file)]
    if any(isinstance(one, str) for one in pictures):
        return False
    ours, theirs = pictures
    assert not isinstance(ours, str)
    assert not isinstance(theirs, str)
    alike = (ours.alpha is None) == (theirs.alpha is None) and ours.pixels.shape == theirs.pixels.shape
    opaque = ours.alpha is None or theirs.alpha is None or bool((ours.alpha == theirs.alpha).all())
    return alike and opaque and bool((ours.pixels == theirs.pixels).all())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
