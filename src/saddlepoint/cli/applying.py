"""`saddle translate`, `saddle enhance` and `saddle vocode`: what was trained, applied to files and folders."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import sleep
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from saddlepoint.cli.console import AsJson, err, print_json, tell
from saddlepoint.cli.files import Arrivals, Job, jobs_of, new_file, others_below, tell_of
from saddlepoint.cli.flags import options_of, parted
from saddlepoint.cli.marking import Marked, Sign, credentials_of, signed
from saddlepoint.components.device import pick_device
from saddlepoint.configuration import ConfigurationError, Settings
from saddlepoint.data.collection import some
from saddlepoint.data.dataset import OnProgress
from saddlepoint.data.folder import printable
from saddlepoint.disk import found_at, is_disk_file
from saddlepoint.marks import Mark, mark_beside, mark_in
from saddlepoint.marks.signing import Credentials
from saddlepoint.report.before_after import write_page
from saddlepoint.runs import Run
from saddlepoint.runs.verifying import mark_of
from saddlepoint.storage.sealed import checksum
from saddlepoint.tasks import Converter, tasks

#: Seconds between looks at a folder that is watched.
LOOKS = 1.0

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or its generator/ folder alone.")]
Words = Annotated[list[str], typer.Argument(metavar="IN…", help="Files, and folders with all files below them.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the results go, by the names of the inputs.")]
Page = Annotated[
    Path | None,
    typer.Option("--page", metavar="FILE", callback=new_file, help="A page with inputs and results, as HTML."),
]
Watch = Annotated[
    bool, typer.Option("--watch", help="Wait for more files in the folders, and do each once it is whole; Ctrl-C ends.")
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda …")]
Trust = Annotated[bool, typer.Option("--trust", help="Import code outside of Saddlepoint that the folder names.")]


def translate(
    run: RunArgument,
    words: Words,
    out: Out,
    device: Device = "auto",
    trust: Trust = False,
    mark: Marked = True,
    sign: Sign = None,
    page: Page = None,
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Translate images by a trained network: files and folders of any size.

    Images are turned as their EXIF orientation says, and brought to 8 bits and to red, green and blue, or to grey where
    the network takes grey. Transparency is composited on white, as in training, and the result is opaque. Of an
    animation the first frame is taken. PNG, JPEG, WebP and TIFF stay what they are; others become PNG. Files that can't
    be read are named and left out, and the exit code is then 1. --tile, --overlap: side of tiles, and what they share;
    --strength from 0, closest to the target, to 1, as trained.

    Examples:

      saddle translate runs/emoji photo.jpg --out translated

      saddle translate runs/emoji folder/ --out translated --tile 256 --strength 0.8
    """
    apply(
        run, words, out, device, "translate", trust=trust, mark=mark, sign=sign, as_json=as_json, page=page, watch=watch
    )


def enhance(
    run: RunArgument,
    words: Words,
    out: Out,
    device: Device = "auto",
    trust: Trust = False,
    mark: Marked = True,
    sign: Sign = None,
    page: Page = None,
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Enhance images by a trained network: files and folders of any size, photographs by tiles.

    Images are turned as their EXIF orientation says, and brought to 8 bits and to red, green and blue, or to grey where
    the network takes grey. Transparency is kept: the network sees the image on white, opacity is enlarged by the
    network's scale, and the white is taken out of the result again. Grey images stay grey, unless the network makes
    more channels than it takes. Of an animation the first frame is taken. PNG, JPEG (without transparency), WebP and
    TIFF stay what they are; others become PNG. Files that can't be read are named and left out, and the exit code is
    then 1. --tile, --overlap: side of tiles, and what they share; --strength from 0, closest to the truth, to 1, as
    trained.

    Examples:

      saddle enhance runs/photos small.jpg --out large

      saddle enhance runs/photos folder/ --out large --tile 256 --strength 0.6
    """
    apply(
        run, words, out, device, "enhance", trust=trust, mark=mark, sign=sign, as_json=as_json, page=page, watch=watch
    )


def vocode(
    run: RunArgument,
    words: Words,
    out: Out,
    device: Device = "auto",
    trust: Trust = False,
    mark: Marked = True,
    sign: Sign = None,
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Resynthesise audio files from their mel spectrograms by a trained vocoder: files and folders of any length.

    WAV, AIFF, FLAC, MP3 and OGG are read. Results are WAV files with the rate, channels, length and depth of what was
    read; MP3 and OGG become 16 bits. Each channel is vocoded by itself, and nothing is left above half of the vocoder's
    rate. A .npy file is a log-mel spectrogram itself, (bands, frames). Files that cannot be read are named and left
    out, and the exit code is then 1. --rate: another rate of the results; --channels mixed: one channel; --steps: by
    which waves are brought nearer to their spectrogram, 0 is the network alone.

    Examples:

      saddle vocode runs/vocoder speech.wav --out vocoded

      saddle vocode runs/vocoder folder/ mel.npy --out vocoded --steps 0
    """
    apply(run, words, out, device, "vocode", trust=trust, mark=mark, sign=sign, as_json=as_json, watch=watch)


def apply(
    run: Path,
    words: list[str],
    out: Path,
    device: str,
    verb: str,
    *,
    trust: bool,
    mark: bool,
    sign: Path | None,
    as_json: bool,
    page: Path | None = None,
    watch: bool = False,
) -> None:
    """Apply what was trained to files and folders; what an earlier call wrote of the same file alike is left as it is.

    Args:
        run: a run folder, or its generator/ folder alone.
        words: inputs, and flags of the model's options.
        out: folder of the results.
        device: where the network computes.
        verb: of the command, which has to be the model's.
        trust: whether code that the folder names may be imported.
        mark: whether results say what made them.
        sign: what they are signed with.
        as_json: whether a line for machines ends it.
        page: a page of inputs and results side by side; None writes none.
        watch: whether to wait for more files in folders, until Ctrl-C.

    Raises:
        ConfigurationError: a model of another kind, inputs that are not there, or a flag that is no option.
    """
    opened = Run.open(run, trust=trust)
    model = opened.model
    tell(opened.notes)
    if not isinstance(model, Converter) or model.verb != verb:
        raise ConfigurationError(f"{run} holds {model.title}: use it with `{model.usage()[0].format(run)}`")
    named, given = parted(words, model.Options)
    others = {kind.title: kind.Options for task in tasks().values() for kind in task.models}
    options = options_of(model.Options, given, f"{run} holds {model.title}", others)
    credentials = credentials_of(sign, mark=mark)
    own = mark_of(opened, model, verb, given) if mark else None
    model = model.prepared(options)
    paths = [Path(name) for name in named]
    if watch and not any(path.is_dir() for path in paths):
        raise ConfigurationError("--watch waits for the files of a folder: give one that is there")

    def listed() -> list[Job]:
        return jobs_of(paths, out, model.inputs, model.renamed, model.takes, awaited=watch)

    jobs = listed()
    if ignored := others_below(paths, out, jobs):
        tell(
            [f"Not read, as they are no {model.takes} by their endings: {some([printable(str(p)) for p in ignored])}."]
        )
    model.network.to(pick_device(device))
    applied = Application(model, options, own, credentials)
    if watch:
        _watch(applied, listed, ", ".join(map(str, paths)))
    else:
        applied(jobs)
    jobs, failed = list(applied.jobs.values()), applied.failed
    kept = [job for job in jobs if job.source not in failed]
    if page is not None:
        write_page(page, [(job.source, job.target) for job in kept])
    if as_json:
        reasons = [{"file": str(path), "reason": reason} for path, reason in failed.items()]
        said = [{"file": str(path), "remark": text} for path, texts in applied.remarks.items() for text in texts]
        counts = {"out": str(out), "written": len(kept) - applied.already, "already": applied.already}
        left = {"failed": reasons, "ignored": list(map(str, ignored))}
        print_json({**counts, **model.facts(), **left, "remarks": said, "notes": list(model.notes())})
    tell(model.notes())
    tell_of(jobs, failed, out, model.takes.removesuffix("s"), applied.already, applied.remarks)
    if page is not None:
        err.print(f"before and after: {page}", markup=False, soft_wrap=True)


@dataclass
class Application:
    """Converts files, and keeps what became of them.

    Attributes:
        model: that converts.
        options: of the model.
        own: what results say of themselves, but for the input; None where they say nothing.
        credentials: what results are signed with.
        jobs: what was done, by the file that was read.
        failed: why which files were left out.
        remarks: on results.
    """

    model: Converter
    options: Settings
    own: Mark | None
    credentials: Credentials | None
    jobs: dict[Path, Job] = field(default_factory=dict)
    failed: dict[Path, str] = field(default_factory=dict)
    remarks: dict[Path, list[str]] = field(default_factory=dict)
    _already: set[Path] = field(default_factory=set)

    @property
    def already(self) -> int:
        """Results that were there from an earlier call."""
        return len(self._already)

    def __call__(self, jobs: Sequence[Job]) -> None:
        """Do what is left of them, with a bar; what was left out before and is done now has not failed."""
        columns = (
            TextColumn(f"{{task.completed:.1f}}/{{task.total:.0f}} {self.model.takes}"),
            BarColumn(bar_width=28),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar:
            task = bar.add_task("", total=len(jobs))
            for number, job in enumerate(jobs):

                def advance(_what: str, done: float, of: float, number: int = number) -> None:
                    bar.update(task, completed=number + done / of)

                self._do(job, advance)
                bar.update(task, completed=number + 1)

    def _do(self, job: Job, progress: OnProgress) -> None:
        source, target = job.source, job.target
        self.jobs[source] = job
        for noted in (self.failed, self.remarks):
            noted.pop(source, None)
        self._already.discard(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if found := found_at(source):
            self.failed[source] = f"it {found}"
            return
        own = self.own if self.own is None else replace(self.own, input=checksum(source))

        def remark(said: str) -> None:
            self.remarks.setdefault(source, []).append(said)

        if own is not None and is_disk_file(target) and mark_of_file(target) == own:
            self._already.add(source)
        elif (reason := self.model.convert(source, target, self.options, progress, own, remark)) is not None:
            self.failed[source] = reason
        else:
            signed(self.credentials, [target])


def _watch(applied: Application, listed: Callable[[], list[Job]], where: str) -> None:
    """Do what arrives in folders, each file once it is whole, until Ctrl-C."""
    arrivals, said = Arrivals(), ""
    err.print(f"waiting for {applied.model.takes} in {where}; Ctrl-C ends it", markup=False, soft_wrap=True)
    try:
        while True:
            try:
                jobs = arrivals(listed())
            except ConfigurationError as error:  # two files of one result: whoever put them there can take one away
                if str(error) != said:
                    said = str(error)
                    err.print(said, markup=False, soft_wrap=True)
                jobs = []
            for job in jobs:
                applied([job])
                why = applied.failed.get(job.source)
                told = f"{printable(str(job.source))}: {why or printable(str(job.target))}"
                err.print(told, markup=False, soft_wrap=True)
            sleep(LOOKS)
    except KeyboardInterrupt:
        err.print("")


def mark_of_file(path: Path) -> Mark | None:
    """What a result says of itself, inside or beside it."""
    return mark_in(path) or mark_beside(path)[0]
