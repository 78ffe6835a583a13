"""Texts with classes: what is found in a file, what is refused, and that the writer writes of each class."""

import json
from itertools import product
from pathlib import Path

import pytest
import torch

import saddlepoint as sp
from saddlepoint.core import rng
from saddlepoint.data import DataError
from saddlepoint.networks import SequenceWriter
from saddlepoint.tasks.text.data import read_text
from saddlepoint.tasks.text.labelled import labelled

LINES = [("cold", "".join(letters)) for letters in product("ab", "de", "ab", "de")] + [
    ("hot", "".join(letters)) for letters in product("xy", "uv", "xy", "uv")
]


def test_lines_of_a_class_a_tab_and_a_text_have_classes(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("\n".join("\t".join(line) for line in LINES), encoding="utf-8")
    data = read_text(path, held_out=0.25)
    assert data.classes == ("cold", "hot")
    assert sum(data.counts.values()) == len(data) == 24
    assert data.held_out is not None
    assert len(data.held_out) == 8
    assert data.notes == ("Each line is a class, a tab and a text: 2 classes; --no-conditional leaves them out.",)
    for part in (data, data.held_out):
        assert part.labels is not None
        assert [(part.classes[label], text) for label, text in zip(part.labels, part.texts(), strict=True)] == [
            (name, text) for text in part.texts() for name, own in LINES if own == text
        ]


@pytest.mark.parametrize(
    "lines",
    [
        [text for _, text in LINES],
        ["\t".join(line) for line in LINES] + ["a line without a tab"],
        [f"{number}\t{text}" for number, (_, text) in enumerate(LINES)],  # numbers of lines are no classes
        [f"same\t{text}" for _, text in LINES],
    ],
)
def test_other_lines_have_none(lines: list[str]) -> None:
    assert labelled("lines.txt", "\n".join(lines), (None, None)) is None


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl"])
@pytest.mark.parametrize("declared", [True, False])
def test_columns_are_declared_or_found_by_their_names(ending: str, declared: bool) -> None:
    names = ("Meinung", "Wort") if declared else ("label", "text")
    if ending == ".jsonl":
        text = "\n".join(json.dumps(dict(zip(names, line, strict=True))) for line in LINES)
    else:
        between = "," if ending == ".csv" else "\t"
        text = "\n".join(between.join(line) for line in [names, *LINES])
    found = labelled(f"a{ending}", text, ("Wort", "Meinung") if declared else (None, None))
    assert found is not None
    assert list(zip(found.labels or (), found.texts, strict=True)) == LINES
    assert found.classes == ("cold", "hot")


def test_a_quoted_field_keeps_its_lines_and_rows_without_a_text_or_a_class_are_told() -> None:
    text = 'id;text;label\n1;"one\n two; three";a\n2;;b\n3;four;\n4;five;b\n'
    found = labelled("a.csv", text, (None, None))
    assert found is not None
    assert (found.texts, found.labels) == (("one\ntwo; three", "five"), ("a", "b"))
    assert found.notes == (
        "Texts are column 'text', their classes column 'label'.",
        "2 rows without a text or a class were left out.",
    )
    numbers = labelled("a.csv", "text,label\n" + "\n".join(f"t,{n}" for n in (10, 9, 2)), (None, None))
    assert numbers is not None
    assert numbers.classes == ("2", "9", "10")


@pytest.mark.parametrize(
    ("name", "text", "columns", "told"),
    [
        ("a.txt", "one\ntwo", ("text", None), "name columns of .csv, .tsv and .jsonl files"),
        ("a.csv", "a,b\n1,2", ("c", None), "data.text=c: a.csv has the columns a, b"),
        ("a.csv", "a,b,c\n1,2,3", (None, "a"), "say which is the text with --set data.text=NAME"),
        ("a.jsonl", '{"a": "b"}\n[1]', (None, None), "line 2 is no JSON object"),
        ("a.jsonl", '{"a": "b"', (None, None), "line 1 is no JSON"),
        ("a.csv", "text,label\none,x\ntwo,x", (None, None), "has 1 different values"),
    ],
)
def test_what_is_refused(name: str, text: str, columns: tuple[str | None, str | None], told: str) -> None:
    with pytest.raises(DataError, match=told):
        labelled(name, text, columns)


def test_a_writer_of_classes_draws_by_its_likelihood_of_each_class() -> None:
    writer = SequenceWriter((1, 3), embedding=4, width=5, classes=2)
    with torch.no_grad():
        writer.of_class.weight.mul_(6)  # type: ignore[union-attr]
        drawn = writer.draw(4000, rng(0), labels=torch.arange(4000) % 2)
        for label in (0, 1):
            own = writer.log_likelihood(torch.arange(3)[:, None], torch.full((3,), label)).exp()[:, 0]
            shares = drawn[label::2, 0].bincount(minlength=3) / 2000
            torch.testing.assert_close(shares, own, atol=0.04, rtol=0)
        with pytest.raises(ValueError, match="has 2 classes and was called without labels"):
            writer.draw(1, rng(0))


@pytest.mark.slow
def test_texts_of_a_class_are_of_it(tmp_path: Path) -> None:
    texts, names = [text for _, text in LINES] * 8, [name for name, _ in LINES] * 8
    settings = {"generator.network.width": 24, "pretraining.samples": 3000, "average.half_life": 200}
    run = sp.train("text", data=(texts, names), samples=3200, out=tmp_path / "run", settings=settings, progress=False)
    hot, cold = (run.sample(50, seed=1, label=name) for name in ("hot", "cold"))
    assert sum(set(text) <= set("xyuv") for text in hot) > 30
    assert sum(set(text) <= set("abde") for text in cold) > 30
    mixed = run.sample(50, seed=1)
    assert mixed[:7] == run.sample(7, seed=1)
    assert sum(set(text) <= set("abde") for text in mixed[0::2]) > 12
    assert "nll" in run.metrics
