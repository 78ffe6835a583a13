"""Games of text: exact resume through both stages, a generator that loads alone, likelihoods that add up to 1."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from playing import built, play
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.networks import SequenceDiscriminator, SequenceWriter
from saddlepoint.networks.causal import CausalAttention
from saddlepoint.runs import train
from saddlepoint.tasks import model_at, read_config, recipe_named
from saddlepoint.tasks.text import TASK
from saddlepoint.tasks.text.model import TextGenerator, to_the_end_of_a_sentence
from tiers import quick

TINY = (
    *("batch_size=8", "latent.size=1", "device=cpu", "likelihood=32"),
    *("generator.network.width=6", "generator.network.embedding=4"),
    *("discriminator.network.representations=2", "discriminator.network.channels=3", "discriminator.network.hidden=4"),
    *("every.record=32", "every.checkpoint=48", "every.snapshot=100000"),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "words.txt"
    path.write_text("\n".join("".join(letters) for letters in product("abc", "de", "fgh", "i")), encoding="utf-8")
    return path


def played(config: Any, folder: Path, samples: int) -> Any:
    return play(assign(config, [f"budget.samples={samples}"]), folder)


CASES = {
    "default": [],
    "extragradient, an lstm, parts": ["method=extragradient", "generator.network.cell=lstm", "accumulate=2"],
    "lookahead, soft, packs": [
        *("method=lookahead", "generator.network.straight=false", "discriminator.network.packing=2"),
        "temperature={start: 1.0, end: 0.2, samples: 96}",
    ],
    "likelihood alone": ["likelihood=none"],
    "attention, tied, dropout": [
        *("generator.network.cell=attention", "generator.network.width=8", "generator.network.heads=2"),
        *("generator.network.tied=true", "generator.network.dropout=0.2"),
    ],
}


@pytest.mark.parametrize("case", quick(list(CASES), "default", "likelihood alone"))
def test_a_run_of_text_resumes_exactly(case: str, file: Path, tmp_path: Path, alike: Callable[..., Any]) -> None:
    config = assign(recipe_named("text").with_data(str(file)), [*TINY, *CASES[case]])
    straight, at_once = played(config, tmp_path / "straight", 96)
    played(config, tmp_path / "halves", 48)
    halves, in_halves = played(config, tmp_path / "halves", 96)
    assert torch.equal(straight.game.point.flat(), halves.game.point.flat())
    assert at_once.metrics == in_halves.metrics
    records = alike(tmp_path / "straight", tmp_path / "halves")
    assert "discriminator_auc" not in records[0]["monitors"]  # an adversary that rests knows nothing yet
    assert ("discriminator_auc" in records[-1]["monitors"]) is (case != "likelihood alone")
    assert (tmp_path / "straight" / "generator" / "likelihood").is_dir() is (case != "likelihood alone")
    assert read_config(config.plain()) == config


def test_a_generator_loads_alone_and_its_texts_are_a_seeds(file: Path, tmp_path: Path) -> None:
    played(assign(recipe_named("text").with_data(str(file)), TINY), tmp_path / "run", 32)
    generator = model_at(tmp_path / "run")
    assert isinstance(generator, TextGenerator)
    texts = generator.texts(20, seed=3)
    assert texts == generator.texts(300, seed=3)[:20] != generator.texts(20, seed=4)
    assert set("".join(texts)) <= set("abcdefghi")  # nothing unknown is written
    assert len(set(generator.texts(50, temperature=1e-6))) == 1  # the likeliest
    assert generator.sample(20, seed=3) == texts
    with pytest.raises(ConfigurationError, match="temperature"):
        generator.sample(1, temperature=0)
    drawn = generator.draw(20, 3, None, generator.Options())
    for ending in (".txt", ".png"):
        generator.write(drawn, tmp_path / f"texts{ending}")
    assert (tmp_path / "texts.txt").read_text(encoding="utf-8") == generator.text(drawn) == "\n".join(texts) + "\n"
    with Image.open(tmp_path / "texts.png") as picture:
        assert picture.mode == "RGB"
    with pytest.raises(ConfigurationError, match="single files to a folder"):
        generator.write(drawn, tmp_path / "there", "/")
    shown = generator.shown()
    assert shown is not None
    assert shown.shape[2] == 3


#: Writers of every kind.
WRITERS = {
    "gru": {"cell": "gru"},
    "lstm, tied": {"cell": "lstm", "tied": True},
    "attention": {"cell": "attention", "width": 8, "heads": 2},
    "attention, tied": {"cell": "attention", "width": 8, "heads": 2, "tied": True, "dropout": 0.3},
}


@pytest.mark.parametrize("kind", WRITERS)
def test_likelihoods_of_all_sequences_add_up_to_one_and_draws_follow_them(kind: str) -> None:
    torch.manual_seed(0)
    writer = SequenceWriter((3, 3), **{"width": 5, "embedding": 4, **WRITERS[kind]}).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        writer.head.weight.mul_(4)
        every = torch.tensor([s for s in product(range(3), repeat=3) if 0 not in s or not any(s[s.index(0) :])])
        shares = writer.log_likelihood(every).sum(1).exp()
        assert float(shares.sum()) == pytest.approx(1, abs=1e-5)
        drawn = writer.draw(20_000, torch.Generator().manual_seed(0))
        relaxed = writer(torch.empty(20_000, 1)).argmax(2)
    for made in (drawn, relaxed):
        found = (made[:, None] == every).all(2).float().mean(0)
        assert float((found - shares).abs().max()) < 0.015
        assert float(found.sum()) == pytest.approx(1)  # all is an end after an end


def test_relaxed_tokens_near_one_hots_as_the_temperature_falls_and_let_a_gradient_through() -> None:
    torch.manual_seed(0)
    soft, hard = (SequenceWriter((4, 5), width=6, straight=straight) for straight in (False, True))
    latent = torch.empty(50, 1)
    warm, cold = (float(soft(latent, None, torch.tensor(t)).detach().amax(2).mean()) for t in (5.0, 0.05))
    assert warm < 0.6 < 0.95 < cold
    made = hard(latent)
    assert set(made.detach().unique().tolist()) == {0.0, 1.0}
    (made * torch.randn_like(made)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in hard.parameters())


def test_a_discriminator_of_packs_sees_sequences_after_one_another() -> None:
    torch.manual_seed(0)
    discriminator = SequenceDiscriminator((6, 4), representations=2, packing=2)
    rows = torch.rand(4, 6, 4)
    assert discriminator(rows).shape == (2, 2)
    other = rows.clone()
    other[3] = 0
    assert torch.equal(discriminator(rows)[0], discriminator(other)[0])
    assert not torch.equal(discriminator(rows)[1], discriminator(other)[1])
    assert SequenceDiscriminator((2, 4), widths=(5,))(torch.rand(3, 2, 4)).shape == (3, 8)  # shorter than the filters


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["generator.network=mlp-generator"], "writes no tokens: --set generator.network=sequence-writer"),
        (["regularisers.path-length=on"], "path-length needs latent, and text have none: give one of feature-matching"),
        (["temperature.end=0"], "have to be above 0"),
        (["batch_size=9", "discriminator.network.packing=2"], "whole packs of 2"),
    ],
)
def test_what_does_not_fit_is_refused(sets: list[str], said: str, file: Path) -> None:
    def begin() -> None:
        built(assign(recipe_named("text").with_data(str(file)), sets))

    with pytest.raises(ValueError, match=said):
        begin()
    with pytest.raises(ConfigurationError, match="needs a text of yours"):
        built(recipe_named("text"))


@pytest.mark.parametrize("kind", WRITERS)
def test_a_likelihood_without_what_follows_an_end_is_that_of_the_whole_recurrence(kind: str) -> None:
    torch.manual_seed(0)
    sizes = {"width": 7, "embedding": 4, "layers": 2, **WRITERS[kind]}
    writer = SequenceWriter((6, 5), **sizes).eval()  # type: ignore[arg-type]
    tokens = torch.tensor([[1, 0, 0, 0, 0, 0], [3, 2, 4, 1, 2, 3], [0, 0, 0, 0, 0, 0], [2, 2, 2, 2, 2, 0]])
    given = torch.cat([writer.start.expand(4, 1, -1), writer.embedding(tokens[:, :-1])], 1)
    whole = writer.logits(writer.memory(given)[0]).log_softmax(2).gather(2, tokens[:, :, None]).squeeze(2)
    for row, length in enumerate((2, 6, 1, 6)):
        found = writer.log_likelihood(tokens)[row]
        assert torch.allclose(found[:length], whole[row, :length], atol=1e-6)
        assert not found[length:].any()


def test_attention_looks_back_only_and_remembers_what_it_saw() -> None:
    torch.manual_seed(0)
    memory = CausalAttention(3, 8, layers=2, heads=2)
    given = torch.randn(2, 5, 3)
    whole, kept = memory(given)
    changed = torch.cat([given[:, :3], torch.randn(2, 2, 3)], 1)
    assert torch.allclose(memory(changed)[0][:, :3], whole[:, :3], atol=1e-6)
    state, parts = None, []
    for piece in (given[:, :2], given[:, 2:3], given[:, 3:]):
        hidden, state = memory(piece, state)
        parts.append(hidden)
    assert torch.allclose(torch.cat(parts, 1), whole, atol=1e-6)
    assert torch.allclose(state, kept, atol=1e-6)
    with pytest.raises(ValueError, match="width is 6: give a multiple of 4"):
        CausalAttention(3, 6, heads=2)


def test_a_writer_with_attention_loads_and_is_not_exported_as_a_graph(file: Path, tmp_path: Path) -> None:
    config = assign(recipe_named("text").with_data(str(file)), [*TINY, *CASES["attention, tied, dropout"]])
    made = built(config).setup.model
    made.save(tmp_path, {})
    model = model_at(tmp_path)
    assert isinstance(model, TextGenerator)
    assert model.texts(5, seed=1, prompt="ad") == made.texts(5, seed=1, prompt="ad")
    assert model.texts(5, seed=1, prompt="ad")[0].startswith("ad")
    with pytest.raises(ConfigurationError, match="is no graph: give --safetensors DIR"):
        model.graph()


def test_a_budget_that_ends_within_a_stage_says_what_it_has_not_reached(file: Path, tmp_path: Path) -> None:
    config = assign(recipe_named("text").with_data(str(file)), TINY)
    _, short = played(config, tmp_path, 16)
    assert short.message == (
        "the budget of 16 samples is spent; the adversary begins at 32 samples: a larger budget goes on"
    )
    _, whole = played(config, tmp_path, 32)
    assert whole.message == "the budget of 32 samples is spent"


def test_texts_are_given_in_python_and_measured_with_their_first_stage(file: Path, tmp_path: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    config = assign(recipe_named("text"), [*TINY, "budget.samples=48"])
    run = train(config, data=lines, out=tmp_path / "run")
    assert len(run.data) + len(run.data.held_out) == len(lines)
    assert set("".join(run.sample(5, temperature=0.5))) <= set("abcdefghi")
    found = run.evaluate(samples=50, temperatures=[0.5, 1.0])
    names = ["average", "likelihood stage"]
    expected = [f"{name}, temperature {t}" for name in names for t in ("0.5", "1")] + ["floor: training texts"]
    assert list(found["ngram_kl"]) == expected
    alone = TASK.baselines(config)["likelihood"]
    assert (alone.objective, config.objective) == ("likelihood", "relativistic")
    windows = TASK.adopt(assign(config, ["data.layout=windows", "data.length=8"]), "so it goes, and on " * 30)
    assert windows.kind == "windows"
    for given in (7, ["a", 7]):
        with pytest.raises(ConfigurationError, match="text is a string, a list of strings, or"):
            TASK.adopt(config, given)


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("the old man sat. he was ti", "the old man sat."),
        ('the old man said "no." and the', 'the old man said "no."'),
        ("the old. man", "the old. man"),  # that sentence ends within the prompt
        ("the old man\nand the", "the old man"),
        ("the old man 3.5 metres", "the old man 3.5 metres"),
        ("the old 春眠不觉晓。处处", "the old 春眠不觉晓。"),
    ],
)
def test_a_text_that_a_prompt_begins_ends_with_a_sentence(text: str, completed: str) -> None:
    assert to_the_end_of_a_sentence(text, len("the old.")) == completed
