"""Text, as a task."""

from dataclasses import replace
from typing import ClassVar

from saddlepoint.components.adversary import AdversarialLosses
from saddlepoint.components.networks import Networks
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Batch, seed_for
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.scheduled import ADVERSARY, Scheduled
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.networks import SequenceWriter
from saddlepoint.tasks.config import Config
from saddlepoint.tasks.model import LatentInput
from saddlepoint.tasks.setup import Pretraining, Setup
from saddlepoint.tasks.task import Subject, Task
from saddlepoint.tasks.text.batches import TextStream
from saddlepoint.tasks.text.data import TextData, of_labelled, of_text, read_text
from saddlepoint.tasks.text.evaluation import TEXTS, TextEvaluationOptions, evaluate_texts
from saddlepoint.tasks.text.game import OfTexts
from saddlepoint.tasks.text.labelled import pairs_of
from saddlepoint.tasks.text.model import TextGenerator
from saddlepoint.tasks.text.probe import TextProbe
from saddlepoint.tasks.text.recipes import RECIPES
from saddlepoint.tasks.text.settings import TextConfig

#: Texts that monitors look at.
MONITORED = 64
#: The first stage, whose end is kept.
LIKELIHOOD = "likelihood"


class Text(Task[TextConfig, TextData, TextGenerator]):
    """A writer of text, by likelihood and against a discriminator."""

    name = "text"
    configs: ClassVar = {"adversarial": TextConfig}
    models = (TextGenerator,)
    recipes = RECIPES
    Options = TextEvaluationOptions
    # A column a temperature: one of the two is enough for a table.
    weights = ("average",)

    def read(self, config: TextConfig, progress: OnProgress = quiet) -> TextData:  # noqa: ARG002
        """Read the text, and what is held out of it."""
        data = config.data
        if data.path is None:
            raise ConfigurationError("this recipe needs a text of yours: give it with --data FILE")
        return read_text(
            data.path,
            data.unit,
            data.layout,
            length=data.length,
            most=data.vocabulary,
            least=data.least,
            encoding=data.encoding,
            held_out=data.held_out,
            test=data.test,
            columns=(data.text, data.label),
        )

    def held_out(
        self,
        config: TextConfig,  # noqa: ARG002
        data: TextData,
        progress: OnProgress = quiet,  # noqa: ARG002
    ) -> TextData | None:
        """Texts of the training vocabulary that were not trained on."""
        return data.held_out

    def adopt(self, config: TextConfig, given: object) -> TextData:
        """Texts, one a sentence, or one text; or a pair of texts and their classes."""
        data, named = config.data, ("texts", "Given in Python.", "what was given")
        if isinstance(given, tuple) and len(given) == 2 and not all(isinstance(one, str) for one in given):
            found = pairs_of(*given)
            return of_labelled(found, named, data.unit, data.length, data.vocabulary, data.least, data.held_out)
        if isinstance(given, str):
            text = given
        elif isinstance(given, list | tuple) and all(isinstance(one, str) for one in given):
            several = any("\n" in one.strip() for one in given)
            between = "\n\n" if several else "\n"
            text = between.join(
                "\n".join(" ".join(line.split()) for line in one.splitlines() if line.strip()) for one in given
            )
        else:
            raise ConfigurationError(
                f"text is a string, a list of strings, or (strings, classes), not {type(given).__name__}"
            )
        return of_text(
            text,
            named,
            data.unit,
            data.layout,
            length=data.length,
            most=data.vocabulary,
            least=data.least,
            held_out=data.held_out,
        )

    def build(self, config: TextConfig, data: TextData, make: Networks) -> Setup[TextGenerator]:
        """The game of a writer and a discriminator of sequences."""
        classes, labels = (data.classes, data.labels) if config.conditional else ((), None)
        players = {
            role: make(role, config.players[role].network, shape=data.shape, classes=len(classes))
            for role in ("generator", "discriminator")
        }
        writer = players["generator"]
        if not isinstance(writer, SequenceWriter):
            raise ConfigurationError(
                f"generator: {config.generator.network['name']} writes no tokens: "
                f"--set generator.network=sequence-writer"
            )
        forward, adversary = OfTexts(config.content.likelihood.weight), config.adversary.build(low=0.0, high=1.0)
        adversary.attach(players)
        stream = TextStream(
            data.tokens,
            data.vocabulary.size,
            config.batch_size,
            config.seed,
            config.latent.size,
            config.latent.distribution,
            make.device,
            packing=config.packing,
            labels=labels,
        )
        batches = Scheduled(stream, config.timeline, make.device)
        latent = LatentInput(config.latent.size, config.latent.distribution)
        model = TextGenerator(
            writer, config.generator.network, data.shape, latent, data.vocabulary.plain(), class_names=classes
        )
        probe = TextProbe(_watched(config, batches), forward, data, config.seed)
        losses = AdversarialLosses(forward, adversary)
        first = config.pretraining.samples
        stage = Pretraining(LIKELIHOOD, first) if first else None
        return Setup(data, players, losses, batches, model, probe, stage=stage)

    def evaluate(
        self,
        subject: Subject[TextConfig, TextData, TextGenerator],
        options: TextEvaluationOptions,
        progress: OnProgress = quiet,
    ) -> Evaluation:
        """Curves over temperatures of every generator and of the likelihood stage, and real texts."""
        stages = {f"{name} stage": model for name, model in subject.stages.items()}
        return evaluate_texts(
            {**subject.models, **stages},
            subject.data,
            temperatures=options.temperatures,
            samples=options.samples or TEXTS,
            seed=options.seed,
            report=progress,
        )

    def baselines(self, config: TextConfig) -> dict[str, Config]:
        """The same writer by likelihood alone."""
        alone = config.pretraining.model_copy(update={"samples": None})
        return {LIKELIHOOD: config.model_copy(update={"pretraining": alone})}


def _watched(config: TextConfig, batches: Scheduled) -> Batch:
    """A batch that never changes, with the adversary wherever it ever comes."""
    batch = batches.part(batch_size=MONITORED, seed=seed_for(config.seed, "watched"))(0)
    alone = config.pretraining.samples is None
    factor = batch.value.adversarial * 0 + float(not alone)
    value = replace(batch.value, alone=alone, adversarial=factor)
    return replace(batch, value=value, resting=frozenset({ADVERSARY} if alone else ()))


TASK = Text()
