"""Vocabularies: texts to numbers of tokens, and back."""

import json
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from saddlepoint.data.images import DataError

Unit = Literal["characters", "words", "pairs"]
#: Numbers of the end, which fills up what is shorter than others, and of what is in no vocabulary.
END, UNKNOWN = 0, 1
#: What an unknown token is shown as; neither can stand in a text that is read as such tokens and be told from it.
_SHOWN = {"characters": "\N{REPLACEMENT CHARACTER}", "words": "<unk>"}
#: What a corpus writes for its own unknown words, and the one spelling that vocabularies know.
OWN_UNKNOWN = "<unk>"
_SPELLINGS = re.compile(r"<unk>|\[unk\]|<unknown>", re.IGNORECASE)


class Vocabulary(ABC):
    """Tokens and their numbers; `END` is the first of every vocabulary."""

    @property
    @abstractmethod
    def unit(self) -> Unit:
        """What a token is."""

    @property
    @abstractmethod
    def size(self) -> int:
        """How many tokens there are, `END` among them."""

    @property
    @abstractmethod
    def barred(self) -> tuple[int, ...]:
        """Tokens that are read and never written."""

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """Numbers of a text's tokens, without an end."""

    @abstractmethod
    def shown(self, tokens: Sequence[int]) -> str:
        """The text of tokens without an end."""

    @abstractmethod
    def plain(self) -> dict[str, Any]:
        """As JSON has it; `read` is the way back."""

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens up to the first `END`."""
        ends = [place for place, token in enumerate(tokens) if token == END]
        return self.shown(tokens[: ends[0]] if ends else tokens)

    def pieces(self, text: str) -> list[str]:
        """A text as metrics take it apart: its characters, or its words, byte pairs being parts of such."""
        return list(text) if self.unit == "characters" else text.split()

    def unknown(self, text: str) -> bool:
        """Whether a text has a token that is not in the vocabulary."""
        return bool(set(self.encode(text)) & set(self.barred))

    @staticmethod
    def read(plain: Mapping[str, Any]) -> "Vocabulary":
        """The vocabulary that plain data describe."""
        if plain["unit"] == "pairs":
            return BytePairs(json.dumps(plain["tokenizer"]))
        return Listed(plain["unit"], tuple(plain["tokens"]))

    @staticmethod
    def fit(unit: Unit, texts: Callable[[], Iterable[str]], most: int, least: int = 1) -> "Vocabulary":
        """The vocabulary of texts.

        Characters or words: the `most` most frequent of those that occur `least` times at least, equally frequent ones
        by the alphabet; every other one is `UNKNOWN`. Byte pairs: all 256 bytes, and merges of the most frequent pairs
        until there are `most`; none is unknown. `<unk>` in the texts themselves is `UNKNOWN` in every unit.

        Args:
            unit: what a token is.
            texts: gives them anew at each call.
            most, least: see above; `END` and `UNKNOWN` are not counted.

        Raises:
            DataError: byte pairs without the library, or fewer of them than bytes; or no token is frequent enough.
        """
        if unit == "pairs":
            return BytePairs.fitted(texts, most)
        split = _split(unit)
        counts: Counter[str] = Counter()
        for text in texts():
            counts.update(split(text))
        del counts[OWN_UNKNOWN]
        kept = sorted((token for token, n in counts.items() if n >= least), key=lambda token: (-counts[token], token))
        if not kept:
            raise DataError(f"none of the {unit} occurs {least} times: give a smaller data.least, or more text")
        return Listed(unit, tuple(kept[:most]))


@dataclass(frozen=True)
class Listed(Vocabulary):
    """Characters, or words: what blanks separate; a line break is a word, too.

    Attributes:
        tokens: those that are known, the first has number 2.

    >>> names = Listed("characters", ("a", "n"))
    >>> names.encode("anna!"), names.decode([2, 3, 0, 0]), names.size
    ([2, 3, 3, 2, 1], 'an', 4)
    """

    kept: Literal["characters", "words"]
    tokens: tuple[str, ...]

    @property
    def unit(self) -> Unit:
        """Characters or words."""
        return self.kept

    @property
    def size(self) -> int:
        """The end, the unknown one, and those that are known."""
        return len(self.tokens) + 2

    @property
    def barred(self) -> tuple[int, ...]:
        """The unknown one: it stands for many, and says none of them."""
        return (UNKNOWN,)

    def encode(self, text: str) -> list[int]:
        """Numbers of a text's tokens."""
        numbers = self._numbers
        return [numbers.get(token, UNKNOWN) for token in _split(self.unit)(text)]

    def shown(self, tokens: Sequence[int]) -> str:
        """The text; words with a blank between them."""
        words = [_SHOWN[self.unit] if token == UNKNOWN else self.tokens[token - 2] for token in tokens]
        return (
            "".join(words) if self.unit == "characters" else " ".join(words).replace(" \n", "\n").replace("\n ", "\n")
        )

    def plain(self) -> dict[str, Any]:
        """Unit and tokens."""
        return {"unit": self.unit, "tokens": list(self.tokens)}

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.tokens, start=2)}


@dataclass(frozen=True)
class BytePairs(Vocabulary):
    """Byte pairs, as the library `tokenizers` merges them: no text is unknown.

    Sennrich, Haddow, Birch 2016, arXiv 1508.07909; of bytes Radford et al. 2019.

    Attributes:
        described: the tokenizer as the library writes it, JSON.

    Raises:
        DataError: the library is not there.
    """

    described: str

    def __post_init__(self) -> None:
        _library()

    @classmethod
    def fitted(cls, texts: Callable[[], Iterable[str]], most: int) -> "BytePairs":
        """Merges of the most frequent pairs of texts, until there are so many tokens."""
        if most < 256:
            raise DataError(f"data.vocabulary is {most}, and byte pairs begin with 256 bytes: give more")
        library = _library()
        tokenizer = library.Tokenizer(library.models.BPE())
        tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = library.decoders.ByteLevel()
        alphabet = library.pre_tokenizers.ByteLevel.alphabet()
        # A special token is the library's first, 0: with ours one more, that is `UNKNOWN`.
        special = [OWN_UNKNOWN] if any(OWN_UNKNOWN in text for text in texts()) else []
        trainer = library.trainers.BpeTrainer(
            vocab_size=most, initial_alphabet=sorted(alphabet), special_tokens=special, show_progress=False
        )
        tokenizer.train_from_iterator(texts(), trainer)
        return cls(json.dumps(json.loads(tokenizer.to_str())))

    @property
    def unit(self) -> Unit:
        """Byte pairs."""
        return "pairs"

    @property
    def size(self) -> int:
        """The end and all tokens of the library, whose numbers are one less than ours."""
        return int(self._tokenizer.get_vocab_size()) + 1

    @property
    def barred(self) -> tuple[int, ...]:
        """The corpus's own `<unk>`, where it has one."""
        return (UNKNOWN,) if self._tokenizer.id_to_token(UNKNOWN - 1) == OWN_UNKNOWN else ()

    def encode(self, text: str) -> list[int]:
        """Numbers of a text's tokens."""
        return [number + 1 for number in self._tokenizer.encode(text).ids]

    def shown(self, tokens: Sequence[int]) -> str:
        """The text; bytes that are no UTF-8 are shown as replaced."""
        return str(self._tokenizer.decode([token - 1 for token in tokens], skip_special_tokens=False))

    def plain(self) -> dict[str, Any]:
        """Unit and tokenizer."""
        return {"unit": "pairs", "tokenizer": json.loads(self.described)}

    @cached_property
    def _tokenizer(self) -> Any:
        return _library().Tokenizer.from_str(self.described)


def with_own_unknown(text: str) -> str:
    """A text whose spellings of an unknown word ([UNK], <unknown>, …) are all `<unk>`.

    >>> with_own_unknown("the [UNK] of <Unk>")
    'the <unk> of <unk>'
    """
    return _SPELLINGS.sub(OWN_UNKNOWN, text)


def _split(unit: Unit) -> Callable[[str], Iterable[str]]:
    return _characters if unit == "characters" else _words


def _characters(text: str) -> Iterable[str]:
    """Characters; the corpus's own unknown word is one."""
    return re.findall(r"<unk>|.", text, re.DOTALL) if OWN_UNKNOWN in text else text


def _words(text: str) -> list[str]:
    return re.findall(r"[^\S\n]*(\n|\S+)", text) if "\n" in text else text.split()


def _library() -> Any:
    try:
        import tokenizers
    except ImportError as error:
        raise DataError("byte pairs need the library tokenizers: pip install 'saddlepoint[text]'") from error
    return tokenizers
