"""The commands of the documents are run in their order, each as it stands but for its budget and the names of data."""

import math
import shutil
import struct
import tarfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas
import pytest
import soundfile
from PIL import Image

from commands import Run
from saddlepoint.tasks.series import evaluation
from test_docs import BLOCK, commands

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [
    *(
        "audio",
        "classical",
        "enhancement",
        "evaluation",
        "export",
        "images",
        "iterations",
        "judge",
        "series",
        "tables",
        "tasks",
    ),
    *("text", "translation", "tuning", "verdicts", "vocoder"),
]
#: Words of commands that get data, weights or a library from elsewhere, where there may be no network.
ELSEWHERE = (
    "hf:NAME",
    "s3://bucket/shards",
    "cifar-10",
    "fashion-mnist",
    "inception",
    "timm:resnet18",
    "score.features=inception",
)
#: Options that say how long a command takes, with what they are here.
BUDGETS = {
    "train": {"--samples": "16", "--batch-size": "8"},
    "link": {"--samples": "16", "--batch-size": "8"},
    "compare": {"--samples": "16", "--seeds": "1", "--jobs": "1"},
    "tune": {"--samples": "16", "--trials": "2", "--seeds": "1", "--jobs": "1"},
    "fork": {"--samples": "16"},
    "evaluate": {"--samples": "60"},
    "augment": {"--per-class": "4"},
    "map": {"--grid": "4"},
    "solve": {"--iterations": "20"},
}
#: Options that are left out for those.
LEFT_OUT = ("--minutes", "--hours", "--evaluations", "--race")
ANALYTIC = ("bilinear", "quadratic", "dirac", "stochastic-bilinear")
#: Values of options that are of a long run.
SHORT = {"--at": "16", "--regression": "8", "--search": "2"}


def pictures(folder: Path, size: int = 72, count: int = 16) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        coarse = Image.fromarray(np.random.default_rng(number).integers(0, 256, (6, 6, 3), np.uint8))
        coarse.resize((size, size), Image.Resampling.BICUBIC).save(folder / f"{number}.png")


def masks() -> None:
    """Photographs with a hole: beside them, one mask a name, in their alpha, in a colour."""
    hole = Image.fromarray(np.pad(np.full((20, 20), 255, np.uint8), 26))
    hole.save("mask.png")
    Path("masks").mkdir()
    for number in range(16):
        hole.save(Path("masks") / f"{number}.png")
    picture = Image.open("photo.png")
    Image.composite(Image.new("RGB", hole.size, "#ff00ff"), picture, hole).save("map.png")
    picture.putalpha(hole.point(lambda level: 255 - level))
    picture.save("sticker.png")


def idx(folder: Path) -> None:
    dice = np.random.default_rng(0)
    folder.mkdir()
    for part, count in (("train", 600), ("t10k", 100)):
        pixels, labels = dice.integers(0, 256, (count, 28, 28), np.uint8), np.arange(count, dtype=np.uint8) % 10
        (folder / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, count, 28, 28) + pixels.tobytes())
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, count) + labels.tobytes())


def recordings(
    folder: Path, rate: int, seconds: float, name: str = "{digit}_{speaker}_{take}", last: object = 7
) -> None:
    for digit in range(10):
        for number, speaker in enumerate(("theo", "lucas", "anna", "ben")):
            time = np.arange(round(rate * seconds)) / rate
            wave = 0.5 * np.sin(2 * math.pi * (180 + 40 * digit + 9 * number) * time)
            for take in (0, last):
                file = folder / f"{name.format(digit=digit, speaker=speaker, take=take)}.wav"
                file.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(file, wave, rate)


def tables() -> None:
    dice, n = np.random.default_rng(0), 400
    adult = pandas.DataFrame(
        {
            "age": dice.integers(18, 80, n),
            "sex": dice.choice(["Male", "Female"], n),
            "income": dice.choice(["<=50K", ">50K"], n),
            "hours": dice.integers(10, 60, n),
        }
    )
    adult.to_csv("adult.csv", index=False)
    adult.to_csv("FILE.csv", index=False)
    houses = {
        "zip": dice.choice([1010, 2020], n),
        "price": dice.normal(9e4, 9e3, n).round(),
        "area": dice.choice(["?", "40", "70"], n),
    }
    pandas.DataFrame(houses).to_csv("houses.csv", index=False)
    days = pandas.Timestamp("2024-01-01") + pandas.to_timedelta(dice.integers(0, 9000, n), "h")
    trips = {"at": days.strftime("%d/%m/%Y %H:%M"), "km": dice.integers(1, 90, n)}
    pandas.DataFrame(trips).to_csv("trips.csv", index=False)
    prices = [f"{value:,.2f}".translate(str.maketrans(",.", ".,")) for value in dice.uniform(100, 9e5, n)]
    pandas.DataFrame({"price": prices, "kind": dice.choice(["a", "b"], n)}).to_csv("prices.csv", index=False, sep=";")
    check_in = pandas.Timestamp("2024-01-01") + pandas.to_timedelta(dice.integers(0, 300, n), "D")
    nights, rate, city = dice.integers(1, 9, n), dice.integers(40, 200, n), dice.choice(["Ulm", "Bonn", "Linz"], n)
    bookings = pandas.DataFrame({"check_in": check_in, "check_out": check_in + pandas.to_timedelta(nights, "D")})
    bookings = bookings.assign(nights=nights, rate=rate, total=rate * nights, city=city)
    bookings["country"] = ["AT" if name == "Linz" else "DE" for name in city]
    bookings.to_csv("bookings.csv", index=False)
    low = 100 + dice.normal(size=(400, 1)).cumsum(0)
    moves = low + dice.uniform(0, 2, (400, 4))
    pandas.DataFrame(moves.round(2), columns=["open", "high", "low", "close"]).to_csv("stock_data.csv", index=False)
    at = pandas.date_range("2024-01-01", "2024-04-30", freq="4h")
    own = [{"room": f"r{k}", "town": ("Ulm", "Bonn")[k % 2], "area": (40, 60, 80)[k % 3]} for k in range(6)]
    rooms = [pandas.DataFrame({"at": at, **facts, "warm": dice.normal(20, 2, len(at)).round(1)}) for facts in own]
    pandas.concat(rooms).to_csv("rooms.csv", index=False)
    rooms[0].tail(40).to_csv("latest.csv", index=False)
    ids = np.arange(60)
    pandas.DataFrame({"customer": ids, "city": dice.choice(["Ulm", "Bonn"], 60)}).to_csv("customers.csv", index=False)
    orders = {
        "customer": dice.choice(ids, 150),
        "date": days[:150].strftime("%Y-%m-%d"),
        "total": dice.normal(50, 9, 150),
    }
    pandas.DataFrame(orders).round(2).to_csv("orders.csv", index=False)
    pandas.DataFrame(np.sin(np.arange(16) / 3 + dice.uniform(0, 6, (200, 1))).round(4)).to_csv("waves.csv", index=False)


def data() -> None:
    """What the documents' commands name, small."""
    pictures(Path("photos") / "cats")
    pictures(Path("photos") / "dogs")
    for side in ("a", "b"):
        pictures(Path("pairs") / side)
    for side in ("google", "twitter"):
        pictures(Path("emoji_pairs") / side)
    for side, large in (("inputs", 1), ("targets", 2)):
        folder = Path("scaled-pairs") / side
        folder.mkdir(parents=True)
        for file in sorted((Path("pairs") / "a").iterdir()):
            image = Image.open(file)
            image.resize((large * image.width, large * image.height)).save(folder / file.name)
    pictures(Path("folder"), count=3)
    shutil.copy("folder/0.png", "photo.png")
    Image.open("folder/0.png").save("photo.jpg")
    masks()
    idx(Path("idx"))
    recordings(Path("recordings"), 8000, 1.1)
    recordings(Path("sounds-by-speaker"), 8000, 1.1, "{speaker}/{digit}_{speaker}_{take}", last="test")
    recordings(Path("speech"), 22050, 0.6)
    shutil.copy("recordings/1_anna_0.wav", "folder/sound.wav")
    np.savez("digits.npz", images=np.random.default_rng(0).integers(0, 256, (60, 16, 16), np.uint8))
    tables()
    for archive in ("photos.tar", "shards/train-0.tar"):
        Path(archive).parent.mkdir(exist_ok=True)
        with tarfile.open(archive, "w") as packed:
            packed.add("photos")
    words = [f"{a}{b}{c}" for a in "abcdefgh" for b in "aeiou" for c in ("n", "ra", "lo", "mi")]
    words += ["the", "old", "jo", "joan"]
    Path("names.txt").write_text("\n".join(words))
    sentence = [" ".join(words[(7 * line + k) % len(words)] for k in range(3 + line % 5)) for line in range(300)]
    for name in ("captions.txt", "test.txt", "book.txt"):
        Path(name).write_text("\n".join(sentence))
    moods = [("happy", "sad")[line % 2] for line in range(len(sentence))]
    Path("moods.txt").write_text("\n".join(map("\t".join, zip(moods, sentence, strict=True))))
    reviews = [f"{len(mood)},{text}" for mood, text in zip(moods, sentence, strict=True)]
    Path("reviews.csv").write_text("\n".join(["stars,review", *reviews]))
    verse = [
        "".join(chr(0x4E00 + (31 * poem + 7 * line + k) % 60) for k in range(5))
        for poem in range(60)
        for line in range(4)
    ]
    Path("poems.txt").write_text("\n\n".join("\n".join(verse[first : first + 4]) for first in range(0, len(verse), 4)))


#: What FOLDER is, by recipe.
FOLDERS = {"audio": "sounds-by-speaker", "translate": "pairs", "mnist": "idx", "classic": "idx"}
#: Runs that a page speaks of and does not train.
BEFORE = {
    "evaluation": [["digits", "runs/digits"], ["mnist", "runs/mnist"]],
    "export": [["digits", "runs/digits"]],
    "images": [["digits", "runs/digits"], ["mnist", "runs/mnist"]],
    "iterations": [["digits", "runs/digits"]],
    "judge": [["digits", "runs/digits"]],
    "series": [["series", "runs/rooms", "--data", "rooms.csv"]],
    "tuning": [["images", "runs/faces"], ["digits", "runs/digits"]],
    "verdicts": [["digits", "runs/digits"]],
    "enhancement": [["enhance", "runs/enhance", "--degrade", "downscale:4"]],
}


def hastily(monkeypatch: pytest.MonkeyPatch) -> None:
    """The networks that judge series take twenty steps where they would take thousands."""
    for name in ("discriminative_scores", "predictive_scores"):
        judge = getattr(evaluation, name)
        monkeypatch.setattr(evaluation, name, partial(judge, steps=20))


def with_budget(words: list[str]) -> list[str]:
    """A command with a short budget, and stand-ins for what it names."""
    command, *rest = words
    recipe = (
        next((word for word in rest if not word.startswith("-")), "") if command in ("train", "compare", "tune") else ""
    )
    folder = "scaled-pairs" if "data.scale=2" in rest else FOLDERS.get(recipe, "photos")
    made, budget = [command], dict(BUDGETS.get(command, {}))
    if "--baselines" in rest:
        budget.pop("--jobs")
    if recipe in ANALYTIC:
        budget = {"--evaluations": "400"}
    if "--model" in rest:
        budget.pop("--batch-size")
    budget |= {flag: value for flag, value in SHORT.items() if flag in rest}
    skip = False
    for place, word in enumerate(rest):
        if skip or (word in LEFT_OUT and word not in budget):
            skip = not skip
            continue
        if word in budget and place + 1 < len(rest):
            made += [word, budget.pop(word)]
            skip = True
            continue
        data = place and rest[place - 1] == "--data"
        made += ["folder" if word == "IN…" else "idx" if data and word == "mnist" else word.replace("FOLDER", folder)]
    if command == "train" and made[1].endswith(".yaml"):
        budget.pop("--batch-size")
    for flag, value in budget.items():
        made += [flag, value]
    if command == "evaluate" and "runs/stock" in made:
        made += ["--trainings", "1"]
    if recipe == "mnist" and "--data" not in made:
        made += ["--data", "idx"]
    if recipe == "classic" and "--data" not in made:
        made += ["--data", "idx"]
    if "text" in made[:2] and "pretraining.samples" not in " ".join(made):
        made += ["--set", "pretraining.samples=8"]
    return made


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_run(page: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    hastily(monkeypatch)
    data()
    for recipe, out, *more in BEFORE.get(page, []):
        words = with_budget(["train", recipe, "--out", out, "--device", "cpu", *more])
        if "--data" not in words and recipe != "digits":
            words += ["--data", FOLDERS.get(recipe, "photos")]
        assert run(*words).code == 0
    text, done = (DOCS / f"{page}.md").read_text(encoding="utf-8"), 0
    if page == "tasks":
        whole = [body for kind, body in BLOCK.findall(text) if kind == "python"]
        Path("curves.py").write_text("\n".join(whole))
    if page == "vocoder":
        np.save("mel.npy", np.random.default_rng(0).normal(-4, 1, (40, 40)).astype(np.float32))
    for words in commands(DOCS / f"{page}.md"):
        line = " ".join(words)
        if any(word in ELSEWHERE for word in words) or (words[1] == "compare" and "mnist" in words):
            continue
        if "runs/translate/generator/backward" in words:  # the page speaks of the unpaired run alone
            shutil.move("runs/translate", "runs/paired")
            shutil.move(next(path.parents[1] for path in Path("runs").glob("*/generator/backward")), "runs/translate")
        said = run(*with_budget(words[1:]))
        assert (said.code, "Traceback" in said.err) == (0, False), (
            f"{line}\n{with_budget(words[1:])}\n{said.err[-3000:]}"
        )
        done += 1
    assert done >= 2
