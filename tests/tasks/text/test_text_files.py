"""Texts as tokens: what is read comes back, what is unknown is counted, what is no text is refused."""

from pathlib import Path

import pytest
import torch

from saddlepoint.data import DataError
from saddlepoint.data.rows import in_parts
from saddlepoint.data.scheduled import Scheduled, after
from saddlepoint.tasks.text.batches import TextStream
from saddlepoint.tasks.text.data import read_text
from saddlepoint.tasks.text.vocabulary import END, UNKNOWN, Unit, Vocabulary

NAMES = ["anna", "bob", "carla", "dan", "eve", "fritz", "gus", "hanna", "ina", "jan", "karl", "lena"]


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.txt"
    path.write_text("\n".join([*NAMES[:6], "", "  ", *NAMES[6:]]) + "\n", encoding="utf-8")
    return path


def test_sentences_come_back_and_a_drawn_share_is_held_out(names: Path) -> None:
    data = read_text(names, held_out=0.2, seed=1)
    assert data.held_out is not None
    assert set(data.texts()) < set(NAMES)
    left = sorted(set(NAMES) - set(data.texts()))  # letters that only these have are unknown
    assert sorted(map(len, data.held_out.texts())) == sorted(map(len, left))
    assert len(data) == 10
    assert len(data.held_out) == 2
    assert data.shape == (data.tokens.shape[1], data.vocabulary.size)
    again, other = read_text(names, held_out=0.2, seed=1), read_text(names, held_out=0.2, seed=2)
    assert again.texts() == data.texts() != other.texts()
    assert again.fingerprint == data.fingerprint != other.fingerprint


def test_the_rarest_tokens_are_unknown_and_ties_go_by_the_alphabet(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("\n".join(["a b c"] * 6 + ["a b d"] * 5), encoding="utf-8")
    data = read_text(path, "words", held_out=0, most=3)
    assert data.vocabulary.plain() == {"unit": "words", "tokens": ["a", "b", "c"]}
    assert data.vocabulary.encode("b x a") == [3, UNKNOWN, 2]
    assert data.vocabulary.decode([2, UNKNOWN, END, 3]) == "a <unk>"
    assert data.notes == (f"{5 / 33:.2%} of the words are not in the vocabulary.",)
    assert data.held_out is None
    assert read_text(path, "words", held_out=0, least=6).vocabulary.size == 2 + 3


@pytest.mark.parametrize("unit", ["characters", "words", "pairs"])
def test_a_vocabulary_comes_back_from_plain_data(unit: Unit) -> None:
    if unit == "pairs":
        pytest.importorskip("tokenizers")
    texts = ["the cat sat", "the dog sat on the cat"]
    vocabulary = Vocabulary.fit(unit, lambda: texts, 300)
    back = Vocabulary.read(vocabulary.plain())
    assert back == vocabulary == Vocabulary.fit(unit, lambda: texts, 300)
    assert END not in vocabulary.encode(texts[1])
    assert max(vocabulary.encode(texts[1])) < vocabulary.size
    assert back.decode([*vocabulary.encode(texts[1]), END, 3]) == texts[1]
    if unit == "pairs":
        assert vocabulary.decode(vocabulary.encode("Zoë 猫")) == "Zoë 猫"  # nothing is unknown
        with pytest.raises(DataError, match="begin with 256 bytes"):
            Vocabulary.fit("pairs", lambda: texts, 100)


def test_windows_of_one_text_overlap_and_its_end_is_held_out(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    text = "abcdefghij" * 40
    path.write_text(text, encoding="utf-8")
    data = read_text(path, layout="windows", length=16, held_out=0.25)
    assert data.texts()[:3] == [text[start : start + 16] for start in (0, 2, 4)]
    assert data.held_out is not None
    assert data.held_out.texts()[0] == text[300:316]
    assert data.kind == "windows"


def test_long_sentences_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("\n".join([*NAMES, "x" * 70]), encoding="utf-8")
    data = read_text(path, held_out=0)
    assert len(data) == 12
    assert data.notes[0] == (
        "1 sentences of more than 5 characters were left out, 7.7% of all: --set data.length=… takes longer ones."
    )


def test_the_layout_follows_the_file_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    long = "it was the best of times, it was the worst of times, it was the age of wisdom."
    path.write_text("\n".join([*NAMES, *[long] * 8]), encoding="utf-8")
    data = read_text(path)
    assert data.layout == "windows"
    assert data.notes[0].startswith("Read through windows of 64 characters, as 40% of its lines are longer")
    assert read_text(path, "words").layout == "lines"  # 17 words
    assert read_text(path, layout="lines").layout == "lines"
    path.write_text(" ".join([long] * 9), encoding="utf-8")
    assert read_text(path).layout == "windows"  # one line


POEMS = [
    "春眠不觉晓，\n处处闻啼鸟。\n夜来风雨声，\n花落知多少。",
    "床前明月光，\n疑是地上霜。\n举头望明月，\n低头思故乡。",
]


@pytest.mark.parametrize("between", ["\n\n", "\n \n", "\r\n\r\n"])
@pytest.mark.parametrize("unit", ["characters", "words"])
def test_poems_keep_their_lines(unit: Unit, between: str, tmp_path: Path) -> None:
    path = tmp_path / "poems.txt"
    path.write_bytes(between.join(POEMS * 6).encode())
    data = read_text(path, unit, held_out=0.1)
    assert data.layout == "paragraphs"
    assert set(data.texts()) == set(POEMS)
    assert data.notes[0].startswith("Read by paragraphs")
    assert data.held_out is not None
    assert len(data) + len(data.held_out) == 12
    assert read_text(path, unit, layout="lines").kind == "sentences"


@pytest.mark.parametrize("own", ["<unk>", "[UNK]", "<Unknown>"])
@pytest.mark.parametrize("unit", ["characters", "words", "pairs"])
def test_what_a_corpus_has_for_unknown_words_is_unknown_and_never_written(unit: Unit, own: str, tmp_path: Path) -> None:
    if unit == "pairs":
        pytest.importorskip("tokenizers")
    path = tmp_path / "text.txt"
    path.write_text(f"the {own} sat\n" * 20, encoding="utf-8")
    data = read_text(path, unit, held_out=0, most=400)
    assert (data.tokens == UNKNOWN).sum() == 20
    assert data.vocabulary.barred == (UNKNOWN,)
    assert data.texts()[0] == ("the � sat" if unit == "characters" else "the <unk> sat")
    assert "those that the file has as <unk> among them" in data.notes[0]
    assert Vocabulary.read(data.vocabulary.plain()) == data.vocabulary


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (b"", {}, "is empty"),
        (b" \n\n", {}, "is empty"),
        (b"one line alone", {}, "has 1 line of text: give 10 sentences at least.*data.layout=windows"),
        ("Zo\u00eb\n".encode("latin-1") * 20, {}, r"is not utf-8 at byte 2: .*data.encoding=latin-1"),
        (b"abc\n" * 20, {"encoding": "utf-9"}, "no encoding 'utf-9'"),
        (b"a\0b\n" * 20, {}, "null characters"),
        (b"abcdef\n" * 20, {"layout": "lines", "length": 3}, "sentences of at most 3 characters"),
        (b"abcdef\n" * 4, {"layout": "windows", "length": 64}, "too few characters for windows of 64"),
        (b"abc\n" * 20, {"least": 99}, "none of the characters occurs 99 times"),
    ],
)
def test_what_is_no_text_to_learn_from_is_refused(
    content: bytes, options: dict[str, object], said: str, tmp_path: Path
) -> None:
    (tmp_path / "bad.txt").write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_text(tmp_path / "bad.txt", **options)  # type: ignore[arg-type]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_text(tmp_path / "nowhere.txt")


def test_a_stream_is_a_function_of_seed_and_position_and_sees_each_sample_once(names: Path) -> None:
    data = read_text(names, held_out=0)
    drawn = TextStream(data.tokens, data.vocabulary.size, 4, 7, 3, "normal")
    stream = Scheduled(drawn, {"temperature": lambda seen: 1 + seen, "adversarial": after(8)}, torch.device("cpu"))
    seen = [stream(position).value.tokens for position in (0, 4, 8)]
    assert sorted(data.vocabulary.decode(row) for rows in seen for row in rows.tolist()) == sorted(NAMES)
    assert torch.equal(stream(4).value.tokens, seen[1])
    assert torch.equal(stream(4).value.latent, stream(4).value.latent)
    assert [bool(stream(position).resting) for position in (0, 4, 8)] == [True, True, False]
    assert float(stream(8).value.temperature) == 9
    real = stream(0).value.real
    assert real.shape == (4, *data.shape)
    assert torch.equal(real.argmax(2), seen[0])
    parts = list(in_parts(stream(0).value, 3))
    assert [share for share, _ in parts] == [0.75, 0.25]
    assert torch.equal(torch.cat([part.tokens for _, part in parts]), seen[0])


def test_fortunes_are_what_lines_of_percent_separate(tmp_path: Path) -> None:
    path = tmp_path / "fortunes"
    short = [f"Word {number}.\n\n\t-- Anna {number}" for number in range(12)]
    path.write_text("\n%\n".join(short) + "\n% \n", encoding="utf-8")
    data = read_text(path, held_out=0.0)
    assert data.layout == "paragraphs"
    assert data.texts() == [f"Word {number}.\n-- Anna {number}" for number in range(12)]
    assert data.notes == ("Read by what lines of % separate: --set data.layout=windows takes all as one text.",)
    path.write_text("\n%\n".join("so long " * 20 for _ in range(12)), encoding="utf-8")
    data = read_text(path, held_out=0.0)
    assert data.layout == "windows"
    assert not any("%" in text for text in data.texts())
    path.write_text("\n".join(["50 %", "%"] * 5 + ["10 %"] * 9), encoding="utf-8")  # too few
    assert read_text(path, held_out=0.0).layout == "lines"
