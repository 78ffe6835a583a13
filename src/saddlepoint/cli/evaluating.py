"""`saddle evaluate`."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from saddlepoint.cli.console import AsJson, err, print_json, print_wide
from saddlepoint.configuration import ConfigurationError, nearest
from saddlepoint.data import DataError, ImageData, load_images
from saddlepoint.data.audio import SoundData
from saddlepoint.data.collection import OnRead
from saddlepoint.data.pairs import PairData
from saddlepoint.tasks.points.data import PointData
from saddlepoint.data.recordings import Recordings, recordings
from saddlepoint.data.series import SeriesData
from saddlepoint.data.tables import TableData
from saddlepoint.data.text import TextData
from saddlepoint.evaluation import (
    SAMPLES,
    Evaluation,
    RealSet,
    chosen,
    compared_models,
    evaluate_enhancers,
    evaluate_images,
    evaluate_points,
    evaluate_series,
    evaluate_sounds,
    evaluate_tables,
    evaluate_texts,
    evaluate_translators,
    evaluate_vocoders,
    real_sets,
)
from saddlepoint.evaluation.audio import SOUNDS
from saddlepoint.evaluation.enhancement import Candidate
from saddlepoint.evaluation.feature_sets import OnProgress
from saddlepoint.evaluation.series import WINDOWS
from saddlepoint.evaluation.tables import ROWS
from saddlepoint.evaluation.text import TEXTS
from saddlepoint.evaluation.vocoder import HEARD
from saddlepoint.extractors import Extractor, load_extractor, load_sound_extractor, suited_to
from saddlepoint.recipes import (
    Config,
    EnhancementConfig,
    ImageDataConfig,
    SeriesDataConfig,
    SoundDataConfig,
    TableDataConfig,
    VocoderConfig,
    parse_config,
)
from saddlepoint.recipes.building import data_again, pick_device
from saddlepoint.report import save_png, write_report
from saddlepoint.report.evaluations import evaluation_figure, tabulated
from saddlepoint.report.perception_distortion import trade_figure
from saddlepoint.report.text import quality_diversity_figure
from saddlepoint.storage import NoCheckpoint, RunFolder, append_evaluation, read_evaluations
from saddlepoint.tasks.audio import AudioTask, SoundGenerator
from saddlepoint.tasks.baseline import BaselineTask
from saddlepoint.tasks.image import ImageTask
from saddlepoint.tasks.interpolation import REGRESSION
from saddlepoint.tasks.judging import write_picture
from saddlepoint.tasks.points import JUDGED, PointTask
from saddlepoint.tasks.series import SeriesTask, WindowsGenerator
from saddlepoint.tasks.table import RowGenerator, TableTask
from saddlepoint.tasks.text import LIKELIHOOD, TextGenerator, TextTask
from saddlepoint.tasks.trained import ImageGenerator, Model, PointGenerator
from saddlepoint.tasks.translation import SHOWN as SHOWN_PAIRS
from saddlepoint.tasks.translation import TranslationTask, beside_each_other, chosen_of
from saddlepoint.tasks.translator import ImageTranslator
from saddlepoint.tasks.vocoder import SHOWN as SHOWN_WAVES
from saddlepoint.tasks.vocoder import Vocoder, VocoderTask, above_each_other, spaced
from saddlepoint.training.state import load_state

Kind = TypeVar("Kind", bound=Model)
#: Which weights may be asked for.
WEIGHTS = ("ema", "live")


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or its generator/ folder alone.")],
    metrics: Annotated[
        str | None, typer.Option("--metrics", metavar="A,B,…", help="Some of them (`saddle list metrics`).")
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(
            "--samples",
            min=50,
            help=f"Drawn: {SAMPLES:,} images, {JUDGED:,} points, {ROWS:,} rows, {WINDOWS:,} windows, "
            f"{SOUNDS:,} sounds or {TEXTS:,} texts; heard: {HEARD:,} recordings.",
        ),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option("--features", metavar="NAME", help="digits, pixels, inception, timm:NAME, a TorchScript file."),
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="NAME|PATH", help="Real images, in place of those of the run.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option("--weights", metavar="ema,live", help="The average, the trained weights, or both.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="COLUMN", help="Of a table: what models are to predict.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of latents, orders and subsets.")] = 0,
    device: Annotated[str, typer.Option("--device", help="Where the extractor works: auto, cpu, cuda …")] = "auto",
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="DIR", help="Pictures: nearest training images, curves, classes.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how good a generator is, and keep each number with what it was measured by in RUN/evaluation.json.

    Against the training images, the test images, and, as a floor, the test images against the training images. Numbers
    of different columns are of different protocols: compare along a row only what differs in what you ask about.

    Examples:

      saddle evaluate runs/digits --samples 10000 --plot pictures

      saddle evaluate runs/mnist --metrics frechet,kernel --weights ema
    """
    if metrics is not None:
        chosen(metrics)  # a misspelt name is to be found before the work, not after
    if plot is not None and plot.exists() and not plot.is_dir():
        raise ConfigurationError(f"{plot} is a file: give a folder for pictures with --plot")
    wanted = WEIGHTS if weights is None else _weights(weights)
    folder = RunFolder(run)
    read_evaluations(folder.evaluations)  # a damaged file is to be found before the work, not after
    with _watching() as report:
        subject = _subject(run, wanted, weights is not None, partial(report, "reading the data"))
        asked = _Asked(run, metrics, samples, features, data, target, seed, device, plot, report, weights)
        found, notes = _found(subject, asked)
    if subject.changed is not None and data is None:
        notes = (f"{subject.changed}: they are not those that the generator was trained on", *notes)
    record = {
        "evaluated": datetime.now(UTC).isoformat(timespec="seconds"),
        "samples": subject.samples,
        "notes": [*notes, *found.notes],
        "values": [number.plain() for number in found.numbers],
    }
    append_evaluation(folder.evaluations, record)
    _tell(record)
    err.print(f"wrote {folder.evaluations}", markup=False, soft_wrap=True)
    if folder.config.exists() and folder.records.exists():
        err.print(f"wrote {write_report(run)}", markup=False, soft_wrap=True)
    if plot is not None and subject.of(ImageGenerator):
        _draw(plot, record, found)
    if (
        plot is not None
        and isinstance(subject.config, EnhancementConfig)
        and (trade := trade_figure(record)) is not None
    ):
        save_png(trade, plot / "trade.png")
        err.print(f"wrote {plot / 'trade.png'}", markup=False, soft_wrap=True)
    if plot is not None and subject.of(TextGenerator) and (curves := quality_diversity_figure(record)) is not None:
        plot.mkdir(parents=True, exist_ok=True)
        save_png(curves, plot / "quality-diversity.png")
        err.print(f"wrote {plot / 'quality-diversity.png'}", markup=False, soft_wrap=True)
    if as_json:
        print_json({"run": str(run), **record})


# --- by what is made ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Asked:
    """What the command line says; None where it does not."""

    run: Path
    metrics: str | None
    samples: int | None
    features: str | None
    data: str | None
    target: str | None
    seed: int
    device: str
    plot: Path | None
    report: OnProgress
    weights: str | None

    def without(self, what: str, *names: str) -> None:
        """Raise ConfigurationError where an option was given that says nothing here."""
        for name in names:
            if getattr(self, name) is not None:
                raise ConfigurationError(f"{self.run} {what}: --{name} does not apply to it")

    def extractor(self) -> Extractor | None:
        """Where sets of images are compared; None are patches."""
        return None if self.features in (None, "patches") else load_extractor(self.features, pick_device(self.device))


def _found(subject: "_Subject", asked: _Asked) -> tuple[Evaluation, tuple[str, ...]]:
    """The numbers, and what to know about them, by the kind of what was trained."""
    if rows := subject.of(RowGenerator):
        return _of_rows(rows, subject, asked), ()
    asked.without("makes no table", "target")
    if windows := subject.of(WindowsGenerator):
        return _of_windows(windows, subject, asked), ()
    if sounds := subject.of(SoundGenerator):  # type: ignore[type-abstract]
        return _of_sounds(sounds, subject, asked), ()
    if texts := subject.of(TextGenerator):
        return _of_texts(texts, subject, asked), ()
    if vocoders := subject.of(Vocoder):
        return _of_vocoders(vocoders, subject, asked), ()
    if points := subject.of(PointGenerator):
        return _of_points(points, subject, asked), ()
    if translators := subject.of(ImageTranslator):
        if isinstance(subject.config, EnhancementConfig):
            return _of_enhancers(translators, subject.config, subject, asked), ()
        return _of_translators(translators, subject, asked), ()
    return _of_images(subject.of(ImageGenerator), subject, asked)


def _of_rows(rows: dict[str, RowGenerator], subject: "_Subject", asked: _Asked) -> Evaluation:
    asked.without("makes rows of a table", "metrics", "features", "data", "plot")
    config = subject.config
    if not isinstance(config, TableDataConfig) or not isinstance(subject.data, TableData):
        raise ConfigurationError(f"{asked.run} does not say which table it was trained on: give the run folder")
    return evaluate_tables(
        rows,
        subject.data,
        config.load_test(),
        asked.target or config.data.target,
        samples=asked.samples or ROWS,
        seed=asked.seed,
        report=asked.report,
    )


def _of_windows(windows: dict[str, WindowsGenerator], subject: "_Subject", asked: _Asked) -> Evaluation:
    asked.without("makes windows of a series", "metrics", "features", "data", "plot")
    config = subject.config
    if not isinstance(config, SeriesDataConfig) or not isinstance(subject.data, SeriesData):
        raise ConfigurationError(f"{asked.run} does not say which series it was trained on: give the run folder")
    return evaluate_series(
        windows,
        subject.data,
        config.load_test(),
        samples=asked.samples or WINDOWS,
        seed=asked.seed,
        report=asked.report,
    )


def _of_sounds(sounds: dict[str, SoundGenerator], subject: "_Subject", asked: _Asked) -> Evaluation:
    asked.without("makes sounds", "plot")
    config, train = subject.config, subject.data
    if asked.data is not None and isinstance(config, SoundDataConfig):
        config = config.with_data(asked.data)
        train = config.load(partial(asked.report, "reading the data"))
    if not isinstance(config, SoundDataConfig) or not isinstance(train, SoundData):
        raise ConfigurationError(f"{asked.run} does not say which sounds it was trained on: give the run folder")
    try:
        test = config.load_test()
    except DataError:
        test = None
    return evaluate_sounds(
        sounds,
        train,
        test,
        load_sound_extractor(asked.features or "spoken-digits", pick_device(asked.device)),
        None if asked.metrics is None else chosen(asked.metrics),
        samples=asked.samples or SOUNDS,
        seed=asked.seed,
        report=asked.report,
    )


def _of_vocoders(vocoders: dict[str, Vocoder], subject: "_Subject", asked: _Asked) -> Evaluation:
    """On what was held out, beside what needs no network; of other recordings, all."""
    asked.without("makes waves of spectrograms", "metrics", "features")
    config, given, split = subject.config, subject.data, "held-out recordings"
    if not isinstance(config, VocoderConfig) or not isinstance(given, Recordings):
        raise ConfigurationError(f"{asked.run} does not say which recordings it was trained on: give the run folder")
    if asked.data is not None:
        reading = partial(asked.report, "reading the data")
        heard, split = recordings(asked.data, config.data.rate, progress=reading), "other recordings"
    elif given.held_out is not None:
        heard = given.held_out
    else:
        heard, split = given, "recordings that it was trained on"
    kept = RunFolder(asked.run).generator / REGRESSION
    if kept.is_dir():
        vocoders = {**vocoders, REGRESSION: Vocoder.load(kept)}
    samples = asked.samples or HEARD
    found = evaluate_vocoders(vocoders, heard, split, samples=samples, seed=asked.seed, report=asked.report)
    if asked.plot is not None:
        asked.plot.mkdir(parents=True, exist_ok=True)
        real = [heard[k] for k in spaced(len(heard), SHOWN_WAVES)]
        for weights, vocoder in vocoders.items():
            path = asked.plot / f"vocoded-{weights}.png"
            write_picture(path, above_each_other(real, list(map(vocoder.resynthesised, real)), vocoder.front))
            err.print(f"wrote {path}", markup=False, soft_wrap=True)
    return found


def _of_texts(texts: dict[str, TextGenerator], subject: "_Subject", asked: _Asked) -> Evaluation:
    """Curves of the average, or of what was asked for, and of the likelihood stage where there was one."""
    asked.without("makes text", "metrics", "features", "data")
    if not isinstance(subject.data, TextData):
        raise ConfigurationError(f"{asked.run} does not say which text it was trained on: give the run folder")
    if asked.weights is None and "ema" in texts:  # a weight is five columns, and a table has few
        texts = {"ema": texts["ema"]}
    before = RunFolder(asked.run).generator / LIKELIHOOD
    if before.is_dir():
        texts = {**texts, "likelihood stage": TextGenerator.load(before)}
    samples = asked.samples or TEXTS
    return evaluate_texts(texts, subject.data, samples=samples, seed=asked.seed, report=asked.report)


def _of_points(points: dict[str, PointGenerator], subject: "_Subject", asked: _Asked) -> Evaluation:
    asked.without("makes points, whose modes are counted", "metrics", "features", "data", "plot")
    if not isinstance(subject.data, PointData):
        raise ConfigurationError(f"{asked.run} does not say which modes its points should have: give the run folder")
    return evaluate_points(points, subject.data, samples=asked.samples or JUDGED, seed=asked.seed)


def _of_enhancers(
    translators: dict[str, ImageTranslator], config: EnhancementConfig, subject: "_Subject", asked: _Asked
) -> Evaluation:
    asked.without("enhances images, and is held against what was held out", "metrics")
    given = subject.data
    if asked.data is not None:
        config = config.with_data(asked.data)
        given = config.load(partial(asked.report, "reading the data"))
    pairs = config.pairs(given, asked.samples)
    shown = compared_models(translators, _regression(asked.run))
    found = evaluate_enhancers(shown, pairs, config.chain, asked.extractor(), seed=config.seed, report=asked.report)
    if asked.plot is not None:
        _draw_enhanced(asked.plot, shown, pairs)
    return found


def _of_translators(translators: dict[str, ImageTranslator], subject: "_Subject", asked: _Asked) -> Evaluation:
    asked.without("translates images, and is held against its held-out pairs", "metrics", "data")
    if not isinstance(subject.data, PairData) or subject.data.held_out is None:
        raise ConfigurationError(f"{asked.run} does not say which pairs were held out: give the run folder")
    regression = _regression(asked.run)
    if regression is not None:
        translators = {REGRESSION: regression, **translators}
    found = evaluate_translators(
        translators,
        subject.data.held_out,
        asked.extractor(),
        samples=asked.samples or SAMPLES,
        seed=asked.seed,
        report=asked.report,
    )
    if asked.plot is not None:
        _draw_translated(asked.plot, translators, subject.data.held_out, asked.seed)
    return found


def _of_images(
    images: dict[str, ImageGenerator], subject: "_Subject", asked: _Asked
) -> tuple[Evaluation, tuple[str, ...]]:
    train, test, notes = _real(subject, next(iter(images.values())), asked.data)
    found = evaluate_images(
        images,
        train,
        test,
        load_extractor(asked.features or suited_to(train.data.name), pick_device(asked.device)),
        None if asked.metrics is None else chosen(asked.metrics),
        samples=asked.samples or SAMPLES,
        seed=asked.seed,
        report=asked.report,
    )
    return found, notes


# --- what is evaluated ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Subject:
    """Generators by weights, the samples that they had seen, the run's configuration and data where it has them.

    `changed` says how these data differ from those that it was trained on.
    """

    generators: Mapping[str, Model]
    samples: int | None
    config: Config | None
    data: Any
    changed: str | None = None

    def of(self, kind: type[Kind]) -> dict[str, Kind]:
        """Those of a kind, which all are or none."""
        return {weights: trained for weights, trained in self.generators.items() if isinstance(trained, kind)}


def _weights(words: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))
    for name in names:
        if name not in WEIGHTS:
            raise ConfigurationError(f"there are no weights {name!r}: {nearest(name, WEIGHTS)}")
    return names or WEIGHTS


def _subject(run: Path, wanted: tuple[str, ...], demanded: bool, reading: OnRead) -> _Subject:
    """The newest checkpoint of a run, else the generator that it handed over.

    Raises:
        ValueError: neither is there, or not with the weights that are demanded.
    """
    folder = RunFolder(run)
    config = _config(folder)
    data, other = (None, None) if config is None else data_again(folder, config, reading)
    try:
        checkpoint = folder.checkpoints.newest(lambda fault: err.print(fault, markup=False, soft_wrap=True))
    except NoCheckpoint:
        checkpoint = None
    if config is None or checkpoint is None:
        delivered = Model.load(run)
        if demanded:
            raise ConfigurationError(f"{run} has no checkpoint to take weights from: leave --weights out")
        return _Subject({"delivered": delivered}, None, config, data, other)
    try:
        assembled = config.build(data)
        load_state(checkpoint.path, assembled.game, assembled.method, assembled.batches)
    except ValueError as error:
        if other is None:
            raise
        raise ConfigurationError(
            f"{other}, and the networks do not fit them: restore them, or take {folder.generator} in place of the run"
        ) from error
    task, game = assembled.task, assembled.game
    assert isinstance(
        task,
        (
            *(ImageTask, BaselineTask, PointTask, TranslationTask, TableTask),
            *(SeriesTask, AudioTask, VocoderTask, TextTask),
        ),
    )
    generators: dict[str, Model] = {"live": copy.deepcopy(task.trained)}
    answer = assembled.method.answer(game)
    if answer is not game.point:
        game.recalibrate_batch_norm(answer, assembled.batches)
        generators = {"ema": task.trained, **generators}
    elif demanded and "ema" in wanted:
        raise ConfigurationError(f"{run} keeps no average of its weights: take --weights live")
    kept = {weights: trained for weights, trained in generators.items() if weights in wanted}
    return _Subject(kept, checkpoint.samples, config, data, other)


def _regression(run: Path) -> ImageTranslator | None:
    """What the first stage ended with; None where it was not finished, or there was none."""
    kept = RunFolder(run).generator / REGRESSION
    return ImageTranslator.load(kept) if kept.is_dir() else None


def _config(folder: RunFolder) -> Config | None:
    """The run's; None where the folder is that of a generator alone, whose configuration is another."""
    if not folder.config.exists():
        return None
    plain = folder.read_config()
    return parse_config(plain) if "recipe" in plain else None


def _real(subject: _Subject, trained: ImageGenerator, data: str | None) -> tuple[RealSet, RealSet, tuple[str, ...]]:
    """The run's own images, or those that were given, in the generator's size.

    Raises:
        ValueError: there are none, or none of the generator's shape.
    """
    _, height, width = trained.shape
    read = partial(load_images, data or "", size=height if height == width else None)
    if data is not None:
        sets = real_sets(read(), lambda: read(split="test"))
    elif isinstance(subject.config, ImageDataConfig) and isinstance(subject.data, ImageData):
        sets = real_sets(subject.data, subject.config.load_test)
    else:
        raise ConfigurationError("a generator alone does not say what it was trained on: give it with --data NAME|PATH")
    for real in sets[:2]:
        if real.data.shape != trained.shape:
            raise ConfigurationError(
                f"{real.data.name} has images of {real.data.shape} (channels, height, width), the generator makes "
                f"{trained.shape}: give data of its shape with --data"
            )
    return sets


# --- words and pictures ---------------------------------------------------------------------------------


@contextmanager
def _watching() -> Iterator[OnProgress]:
    """A bar for what is being done."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(24),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    with bar:
        task = bar.add_task("reading the data", total=1)
        said = "reading the data"

        def report(what: str, done: int, of: int) -> None:
            nonlocal said
            # "EMA against train: frechet" counts metrics: only what is before the colon is a stretch of its own.
            stretch = what.partition(":")[0]
            if stretch != said:
                bar.reset(task)
                said = stretch
            bar.update(task, description=what, completed=done, total=of)

        yield report


def _tell(record: Mapping[str, Any]) -> None:
    table = tabulated([record])
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("", no_wrap=True)
    for head in table.heads:
        shown.add_column("\n".join(head), justify="right", no_wrap=True)
    for label, cells in table.rows:
        shown.add_row(Text(label), *map(Text, cells))
    print_wide(shown)
    err.print("Of all: " + "; ".join(table.common), style="dim", markup=False, soft_wrap=True)
    for note in record["notes"]:
        err.print(f"note: {note}", markup=False, soft_wrap=True)


def _draw(folder: Path, record: Mapping[str, Any], found: Evaluation) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in found.pictures.items():
        paths.append(folder / f"{name}.png")
        write_picture(paths[-1], draw())
    figure = evaluation_figure(record)
    if figure is not None:
        paths.append(folder / "evaluation.png")
        save_png(figure, paths[-1])
    for path in paths:
        err.print(f"wrote {path}", markup=False, soft_wrap=True)


def _draw_enhanced(folder: Path, shown: Sequence[Candidate], pairs: PairData) -> None:
    """Input, output and clean image of each candidate."""
    folder.mkdir(parents=True, exist_ok=True)
    inputs, targets = (side.images[:SHOWN_PAIRS] for side in (pairs.inputs, pairs.targets))
    for candidate in shown:
        if candidate.network is not None:
            path = folder / f"enhanced-{candidate.name.replace(' ', '-')}.png"
            write_picture(path, beside_each_other([inputs, candidate.network.apply(inputs), targets]))
            err.print(f"wrote {path}", markup=False, soft_wrap=True)


def _draw_translated(folder: Path, translators: Mapping[str, ImageTranslator], held_out: PairData, seed: int) -> None:
    """Input, output and, where they are pairs, target, of each translator."""
    folder.mkdir(parents=True, exist_ok=True)
    inputs, targets = chosen_of(held_out, SHOWN_PAIRS, seed)
    for weights, trained in translators.items():
        columns = [inputs, trained.apply(inputs), *([targets] if held_out.paired else [])]
        write_picture(folder / f"translated-{weights}.png", beside_each_other(columns))
        err.print(f"wrote {folder / f'translated-{weights}.png'}", markup=False, soft_wrap=True)
