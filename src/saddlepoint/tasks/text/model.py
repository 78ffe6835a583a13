"""The trained generator of text."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import one_hot

from saddlepoint.configuration import ConfigurationError, Settings
from saddlepoint.core import rng
from saddlepoint.networks import SequenceWriter
from saddlepoint.networks.causal import CausalAttention
from saddlepoint.networks.sequence import written
from saddlepoint.tasks.graph import Graph, plain
from saddlepoint.tasks.model import LatentSampler
from saddlepoint.tasks.text.vocabulary import END, Vocabulary

#: Texts that are drawn together, and that a picture shows.
TOGETHER, SHOWN = 256, 24
#: Where a sentence ends: marks with the quotes and brackets that close after them.
_ENDS = re.compile(r"""[.!?…]+["'”’»)\]]*(?=\s|$)|[。！？…]+[”’」』）]*""")


class TextOptions(Settings):
    """What may be chosen of texts."""

    temperature: float = Field(default=1.0, gt=0)
    """Below 1 texts are likelier and more alike, above it wilder."""
    prompt: str = ""
    """What each text begins with; it is completed to the end of a sentence."""
    scale: int = Field(default=1, ge=1)
    """Enlarges the picture."""


@dataclass(frozen=True)
class DrawnTexts:
    """Texts, and the options that they were drawn with."""

    texts: list[str]
    options: TextOptions


@dataclass
class TextGenerator(LatentSampler):
    """Makes texts.

    Attributes:
        vocabulary: of the tokens, as plain data.
    """

    vocabulary: Mapping[str, Any]

    kind = "text"
    title = "a generator of text"
    Options = TextOptions
    default_out = ""
    files: ClassVar[tuple[str, ...]] = ("vocabulary",)
    judged_anew: ClassVar[bool] = True

    def details(self) -> dict[str, Any]:
        """The vocabulary."""
        return {"vocabulary": dict(self.vocabulary)}

    def usage(self) -> tuple[str, str]:
        """The command and the Python that use it."""
        return "saddle sample {} -n 20 --seed 7 --temperature 0.8", "texts = run.sample(20, seed=7, temperature=0.8)"

    @cached_property
    def words(self) -> Vocabulary:
        """The vocabulary."""
        return Vocabulary.read(self.vocabulary)

    @property
    def sequence_writer(self) -> SequenceWriter:
        """The network."""
        assert isinstance(self.network, SequenceWriter)
        return self.network

    def finished(self, outputs: Tensor) -> Tensor:
        """Numbers of tokens, int64 (n, length)."""
        return outputs.flatten(2).argmax(2)

    def graph(self) -> Graph:
        """One step: a token and what is remembered, to logits of the next token and what is to be remembered."""
        writer = self.sequence_writer
        if isinstance(writer.memory, CausalAttention):
            raise ConfigurationError(
                "a writer with attention remembers ever more and is no graph: give --safetensors DIR"
            )
        step = WriterStep(writer, self.words.barred)
        names = [f"memory{number}" for number in range(step.memories)]
        labels = {"label": torch.tensor([0, 1, 0])} if self.class_names else {}
        given = torch.zeros(writer.memory.num_layers, 3, writer.memory.hidden_size)
        remembered = f"(layers, N, width), zeros at the beginning: ({given.shape[0]}, N, {given.shape[2]})"
        about = {
            "token": f"the token before, int64 (N,); {writer.size} at the beginning, 0 is the end",
            **dict.fromkeys(labels, f"the class, int64 (N,), from 0 to {len(self.class_names) - 1}"),
            **dict.fromkeys(names, remembered),
            "logits": "of the next token, (N, tokens); tokens that are never drawn are barred already",
            **{f"{name}_after": "the same, for the next step" for name in names},
        }
        inputs = {"token": torch.tensor([writer.size, 1, 2]), **labels, **dict.fromkeys(names, given + 0.1)}
        return Graph(
            step.eval(),
            inputs,
            ("logits", *(f"{name}_after" for name in names)),
            about,
            dict.fromkeys(names, (1,)),
            {"length": writer.length, "tokens": writer.size, "barred": list(self.words.barred)},
        )

    def tokens(
        self,
        n: int,
        seed: int = 0,
        temperature: float = 1.0,
        begin: Sequence[int] = (),
        label: str | None = None,
    ) -> Tensor:
        """Numbers of tokens, int64 (n, begin + length), ends filling up; the first of a seed do not depend on n.

        Of one class, or of all in turn.
        """
        blocks = range(-(-n // TOGETHER))
        labels = self.labels(len(blocks) * TOGETHER, label)
        if (choice := self.choice) is not None:

            def propose(places: Tensor, own_seed: int) -> tuple[Tensor, tuple[Tensor, ...]]:
                own = None if labels is None else labels[places]
                drawn = self._written(len(places), rng(own_seed, "texts"), temperature, begin, own)
                return choice.judge(self._as_judged(drawn), own), (drawn,)

            return choice(n, seed, propose)[0]
        parts = []
        for block in blocks:
            own = None if labels is None else labels[block * TOGETHER :][:TOGETHER]
            parts.append(self._written(TOGETHER, rng(seed, block, "texts"), temperature, begin, own))
        return torch.cat(parts)[:n] if parts else torch.empty(0, self.shape[0], dtype=torch.int64)

    def possible(self, shown: Tensor) -> Tensor:
        """Those without tokens that are never written: a judge would know a real text by them, and choose nothing."""
        return shown[:, :, list(self.words.barred)].flatten(1).sum(1) == 0

    def candidates(self, n: int, seed: int, labels: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """n texts as discriminators see them, ones among zeros (n, *shape), and as numbers of tokens."""
        drawn = self._written(n, rng(seed, "texts"), 1.0, (), labels)
        return self._as_judged(drawn), (drawn,)

    def _written(
        self, n: int, source: torch.Generator, temperature: float, begin: Sequence[int], labels: Tensor | None
    ) -> Tensor:
        with self.evaluating():
            return self.sequence_writer.draw(n, source, temperature, self.words.barred, begin, labels)

    def _as_judged(self, tokens: Tensor) -> Tensor:
        """Tokens (n, …) as discriminators see them: as many as a training text has, behind a prompt fewer."""
        return one_hot(tokens[:, : self.shape[0]], self.shape[1]).float()

    def texts(
        self, n: int, seed: int = 0, temperature: float = 1.0, prompt: str = "", label: str | None = None
    ) -> list[str]:
        """n texts, of one class or of all in turn; see `TextOptions`.

        A text that a prompt begins ends where the writer ends it; one that it does not end, after the last whole
        sentence that goes beyond the prompt, where there is one.

        Raises:
            ConfigurationError: a prompt with tokens that are not in the vocabulary.
        """
        begin = self._begun(prompt)
        rows = self.tokens(n, seed, temperature, begin, label).tolist()
        texts = [self.words.decode(row) for row in rows]
        if not begin:
            return texts
        least = len(self.words.decode(begin))
        return [
            text if END in row else to_the_end_of_a_sentence(text, least) for row, text in zip(rows, texts, strict=True)
        ]

    def _begun(self, prompt: str) -> list[int]:
        """The tokens of a prompt."""
        begin = self.words.encode(prompt)
        unknown = [piece for piece in dict.fromkeys(self.words.pieces(prompt)) if self.words.unknown(piece)]
        if unknown:
            shown = ", ".join(map(repr, unknown[:5]))
            raise ConfigurationError(
                f"--prompt has {self.words.unit} that are not in the vocabulary of what was trained on: {shown}; "
                f"give others (upper and lower case differ)"
            )
        return begin

    def draw(self, n: int, seed: int, label: str | None, options: TextOptions) -> DrawnTexts:
        """n texts."""
        return DrawnTexts(self.texts(n, seed, options.temperature, options.prompt, label), options)

    def bytes_each(self, options: TextOptions) -> int:  # noqa: ARG002
        """Of its tokens, as numbers and as text: the network's outputs are never all there at once."""
        return 64 * self.shape[0]

    def presented(self, drawn: DrawnTexts) -> list[str]:
        """The texts."""
        return drawn.texts

    def text(self, drawn: DrawnTexts) -> str:
        """A text a line."""
        return joined(drawn.texts)

    def nll(self, tokens: Tensor, labels: Tensor | None = None) -> float:
        """−log p a token of int (N, length), nats, ends included: the likelihood of texts, of classes where it has any.

        Raises:
            ValueError: it has classes, and the texts have none.
        """
        total = count = 0.0
        with self.evaluating() as device:
            for start in range(0, len(tokens), TOGETHER):
                rows = tokens[start : start + TOGETHER].long().to(device)
                own = None if labels is None else labels[start : start + TOGETHER]
                total -= float(self.sequence_writer.log_likelihood(rows, own).double().sum())
                count += float(written(rows).sum())
        return total / count

    def shown(self) -> NDArray[np.uint8]:
        """A few texts, one below the other."""
        return page(self.texts(SHOWN, seed=0))

    def _write_txt(self, drawn: DrawnTexts, path: Path) -> None:
        path.write_text(joined(drawn.texts), encoding="utf-8")

    def _write_png(self, drawn: DrawnTexts, path: Path) -> None:
        Image.fromarray(page(drawn.texts, drawn.options.scale)).save(path, format="PNG")

    formats: ClassVar[Mapping[str, Callable[[Any, Any, Path], None]]] = {
        ".txt": _write_txt,
        ".text": _write_txt,
        ".png": _write_png,
    }


class WriterStep(nn.Module):
    """One step of a writer.

    Args:
        writer: the network.
        barred: tokens that are never drawn.
    """

    bars: Tensor

    def __init__(self, writer: SequenceWriter, barred: Sequence[int] = ()) -> None:
        super().__init__()
        copied = plain(writer)
        assert isinstance(copied, SequenceWriter)
        self.writer = copied
        self.memories = 2 if isinstance(copied.memory, nn.LSTM) else 1
        table = torch.cat([copied.embedding.weight, copied.start[None]])
        self.embedding = nn.Embedding.from_pretrained(table)
        bars = torch.zeros(copied.size)
        bars[list(barred)] = -1e9
        self.register_buffer("bars", bars)

    def forward(self, token: Tensor, *memory: Tensor) -> tuple[Tensor, ...]:
        """(N,), with classes (N,), and (layers, N, width) once or twice → (N, tokens), and the same again."""
        given = self.embedding(token)[:, None]
        if self.writer.of_class is not None:
            label, *memory = memory  # type: ignore[assignment]
            given = given + self.writer.of_class(label)[:, None]
        hidden, after = self.writer.memory(given, tuple(memory) if self.memories == 2 else memory[0])
        logits = self.writer.logits(hidden[:, 0]) + self.bars
        return (logits, *after) if self.memories == 2 else (logits, after)


def to_the_end_of_a_sentence(text: str, least: int) -> str:
    """A text up to the end of its last whole sentence that ends beyond so many characters.

    Where none does, up to its last whole line beyond them; else all of it.

    >>> to_the_end_of_a_sentence("the old man sat. he was ti", 7)
    'the old man sat.'
    """
    ends = [found.end() for found in _ENDS.finditer(text) if found.end() > least]
    line = text.rfind("\n", least + 1)
    return text[: ends[-1]] if ends else text if line < 0 else text[:line]


def joined(texts: Sequence[str]) -> str:
    """A text a line; an empty line between texts that have line breaks of their own."""
    between = "\n\n" if any("\n" in text for text in texts) else "\n"
    return between.join(texts) + "\n"


def page(texts: Sequence[str], scale: int = 1) -> NDArray[np.uint8]:
    """Texts below each other as a picture, uint8 (H, W, 3), line breaks as blanks.

    Letters that the font lacks are boxes: texts in other scripts are read from a file of samples.
    """
    font, height = ImageFont.load_default(13 * scale), 18 * scale
    lines = [" ".join(text.splitlines())[:160] for text in texts]
    width = max((int(font.getlength(line)) for line in lines), default=0) + 16 * scale
    sheet = Image.new("RGB", (max(width, 64), height * max(1, len(lines)) + 8 * scale), "white")
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        pen.text((8 * scale, 4 * scale + number * height), line, fill=(28, 36, 48), font=font)
    return np.asarray(sheet)
