"""What a page may begin, as the words of a `saddle` command.

A page sends fields, never a command line. Names have to be known ones, paths have to lie in folders that were named
when the studio began, and a setting can name neither a file nor code: what is begun here can do no more than a person
could who types into those folders.
"""

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saddlepoint.storage import RunFolder

#: What may be begun: how it is called, and whether it is quick.
QUICK = ("check", "plan", "inspect", "map")
LONG = ("train", "continue", "fork", "compare")
#: Settings of one command, letters of each, methods that are compared, futures, entries of a folder that are listed.
SETTINGS, LETTERS, METHODS, FUTURES, LISTED = 40, 200, 8, 6, 500
#: Where a picture goes, as the command is shown; the job puts its own file there.
DRAWN = "picture.png"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,79}")
_KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+){0,8}")
#: Numbers, words, lists and mappings of them; no path, and after a colon only a number, as code is named module:Name.
_VALUE = re.compile(
    r"(?!.*:(?![-\d.]))(?!.*\.\.)(?!.*[\s,=\[]\.(?!\d))[A-Za-z0-9_+\-\[][A-Za-z0-9_.+\-, \[\]=:%]*", re.ASCII
)
_NUMBER = re.compile(r"[\d.]+")
_METHOD = re.compile(r"([a-z0-9-]+)(\[[a-z0-9_.,=\[\]+-]*\])?")


@dataclass(frozen=True)
class Command:
    """A command that may be run.

    Attributes:
        what: how the page calls it.
        words: after `saddle`, each as one argument.
        quick: whether it only looks, and nothing waits for it.
        out: the folder that it writes; None of one that only looks.
        drawn: the word that names its picture; None where it draws none.
    """

    what: str
    words: tuple[str, ...]
    quick: bool
    out: Path | None = None
    drawn: str | None = None

    @property
    def shown(self) -> str:
        """The same for a shell."""
        return shlex.join(["saddle", *self.words])


class Commands:
    """Makes commands of what a page sends.

    Args:
        roots: folders with runs; new ones are made in them.
        data: further folders that data may be chosen from.
        names: "recipes", "methods" and "games" that there are.
    """

    def __init__(self, roots: Sequence[Path], data: Sequence[Path], names: Mapping[str, Sequence[str]]) -> None:
        self.roots, self.places, self.names = tuple(roots), (*data, *roots), names

    def read(self, given: Mapping[str, Any], run: Path | None = None) -> Command:
        """The command that is asked for.

        Args:
            given: `do`, one of `QUICK` and `LONG`, and its fields.
            run: the folder of the run that it is about.

        Raises:
            ValueError: in a sentence, where it can't be.
        """
        what = given.get("do")
        if what not in (*QUICK, *LONG):
            raise ValueError(f"what can be begun is {', '.join((*LONG, *QUICK))}")
        if what in ("continue", "fork", "inspect"):
            if run is None:
                raise ValueError(f"{what} is asked for a run")
            found: Command = getattr(self, f"_{what}")(run, given)
            return found
        found = getattr(self, f"_{what}")(given)
        return found

    # --- recipes ------------------------------------------------------------------------------------------

    def _recipe(self, given: Mapping[str, Any]) -> list[str]:
        words = [self._known("recipes", given.get("recipe"))]
        if (place := given.get("data")) not in (None, ""):
            words += ["--data", _word(self.inside(place))]
        return words

    def _check(self, given: Mapping[str, Any]) -> Command:
        return Command("check", ("train", *self._recipe(given), *_budget(given), *_sets(given), "--dry-run"), True)

    def _plan(self, given: Mapping[str, Any]) -> Command:
        hours = _positive(given, "hours", 1000.0)
        return Command("plan", ("plan", *self._recipe(given), "--hours", f"{hours:g}", *_sets(given)), True)

    def _train(self, given: Mapping[str, Any]) -> Command:
        out = self._new(given)
        words = ("train", *self._recipe(given), *_budget(given), *_sets(given), "--out", _word(out))
        return Command("train", words, False, out)

    def _continue(self, run: Path, given: Mapping[str, Any]) -> Command:
        if RunFolder(run).busy:
            raise ValueError("a process trains this run already")
        words = ("train", _word(run / "config.yaml"), "--out", _word(run), *_budget(given))
        return Command("continue", words, False, run)

    def _fork(self, run: Path, given: Mapping[str, Any]) -> Command:
        futures = [word for future in _texts(given, "futures", FUTURES) for word in ("--set", " ".join(_each(future)))]
        if not futures:
            raise ValueError("name what is changed, as in method=extragradient")
        out = self._new(given)
        samples = ("--samples", str(_whole(given, "samples"))) if given.get("samples") else ()
        return Command("fork", ("fork", _word(run), *futures, *samples, "--out", _word(out)), False, out)

    def _inspect(self, run: Path, given: Mapping[str, Any]) -> Command:
        at = ("--at", str(_whole(given, "at"))) if given.get("at") else ()
        return Command("inspect", ("inspect", _word(run), *at, "--json", "--plot", DRAWN), True, drawn=DRAWN)

    # --- games --------------------------------------------------------------------------------------------

    def _map(self, given: Mapping[str, Any]) -> Command:
        words = [self._known("games", given.get("game")), "--method", self._known("methods", given.get("method"))]
        return Command("map", ("map", *words, *_sets(given), "--plot", DRAWN), True, drawn=DRAWN)

    def _compare(self, given: Mapping[str, Any]) -> Command:
        subject = given.get("game")
        kind = "games" if subject in self.names["games"] else "recipes"
        methods = _texts(given, "methods", METHODS)
        for method in methods:
            found = _METHOD.fullmatch(method)
            if found is None:
                raise ValueError(f"{method[:60]!r} is no method with parameters, as lookahead[k=5] is")
            self._known("methods", found[1])
        if len(methods) < 2:
            raise ValueError("name two methods or more to compare")
        out = self._new(given)
        words = ["compare", self._known(kind, subject), "--methods", ",".join(methods), "--jobs", "1"]
        words += ["--seeds", str(_whole(given, "seeds", 100))] if given.get("seeds") else []
        words += ["--samples", str(_whole(given, "samples"))] if given.get("samples") else []
        return Command("compare", (*words, *_sets(given), "--out", _word(out)), False, out)

    # --- names and places ---------------------------------------------------------------------------------

    def _known(self, kind: str, name: object) -> str:
        if not isinstance(name, str) or name not in self.names[kind]:
            raise ValueError(f"there is no {str(name)[:60]!r} among the {kind}: see saddle list {kind}")
        return name

    def _new(self, given: Mapping[str, Any]) -> Path:
        """A folder that is not there yet, in one that holds runs."""
        root, name = self._place(given.get("root", 0), self.roots), given.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name.endswith((".", " ")):
            raise ValueError("a name is of letters, digits, spaces and . _ + -, and begins with a letter or a digit")
        out = root / name
        if out.is_symlink() or out.exists():
            raise ValueError(f"{out} is there already: go on with it on its own page, or take another name")
        return out

    def _place(self, number: object, places: Sequence[Path]) -> Path:
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < len(places):
            raise ValueError("there is no such folder among those that were named when the studio began")
        return places[number]

    def inside(self, place: object) -> Path:
        """The file or folder that `{"root": number, "path": "a/b"}` names.

        Raises:
            ValueError: it does not lie in a folder that was named, or is not there.
        """
        if not isinstance(place, Mapping) or not isinstance(path := place.get("path", ""), str):
            raise ValueError("data are named by root, a number, and path, a text")
        root = self._place(place.get("root"), self.places)
        parts = [part for part in path.split("/") if part]
        if "\x00" in path or "\\" in path or any(part.startswith(".") for part in parts) or path.startswith("/"):
            raise ValueError("a path is of names below the folder, parted by /; hidden ones and .. are none")
        found = root.joinpath(*parts)
        try:
            whole, home = found.resolve(strict=True), root.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise ValueError(f"there is no {path[:200]!r} in {root}") from error
        if not whole.is_relative_to(home):
            raise ValueError(f"{path[:200]!r} leads out of {root}")
        if not (whole.is_dir() or whole.is_file()):
            raise ValueError(f"{path[:200]!r} is neither a file nor a folder")
        return found

    def listed(self, place: object) -> list[dict[str, Any]]:
        """What is in a folder that data may be chosen from: folders first; no links, nothing hidden.

        Raises:
            ValueError: it does not lie in a folder that was named, or can't be read.
        """
        folder, found = self.inside(place), []
        if not folder.is_dir():
            raise ValueError(f"{folder} is no folder")
        try:
            for entry in sorted(folder.iterdir()):
                if entry.name.startswith(".") or entry.is_symlink() or not entry.name.isprintable():
                    continue
                if entry.is_dir() or entry.is_file():
                    size = entry.stat().st_size if entry.is_file() else None
                    found.append({"name": entry.name, "folder": entry.is_dir(), "size": size})
        except OSError as error:
            raise ValueError(f"{folder} can't be read: {error.strerror}") from error
        return sorted(found, key=lambda one: not one["folder"])[:LISTED]


def _word(path: Path) -> str:
    """A path as an argument, which no option can be taken for."""
    text = str(path)
    return f"./{text}" if text.startswith("-") else text


def _budget(given: Mapping[str, Any]) -> list[str]:
    words = ["--samples", str(_whole(given, "samples"))] if given.get("samples") else []
    return words + (["--minutes", f"{_positive(given, 'minutes', 1e5):g}"] if given.get("minutes") else [])


def _sets(given: Mapping[str, Any]) -> list[str]:
    """Settings as `--set key=value`, so that no key can be an option."""
    return [word for text in _texts(given, "settings", SETTINGS) for word in ("--set", _setting(text))]


def _each(future: str) -> list[str]:
    """The settings of one future, which spaces part."""
    return [_setting(text) for text in future.split()]


def _setting(text: str) -> str:
    key, equals, value = text.partition("=")
    if not equals or not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
        raise ValueError(
            f"{text[:60]!r} can't be set here: give key=value of numbers and names; data are chosen above, and other "
            "files and code are named in a terminal"
        )
    # Without a slash only what lies in the folder that commands begin in can be named, whatever it is called.
    for name in (path.name for path in Path().iterdir()):
        if not _NUMBER.fullmatch(name) and re.search(rf"(?:^|[\s,=\[]){re.escape(name)}(?:$|[\s,\]])", value, re.I):
            raise ValueError(f"{name!r} in {text[:60]!r} names a file: files are named in a terminal")
    return text


def _texts(given: Mapping[str, Any], key: str, most: int) -> list[str]:
    found = given.get(key, [])
    if not isinstance(found, list) or not all(isinstance(text, str) and len(text) <= LETTERS for text in found):
        raise ValueError(f"{key} are a list of short texts")
    if len(found) > most:
        raise ValueError(f"at most {most} {key} are taken")
    return [text.strip() for text in found if text.strip()]


def _whole(given: Mapping[str, Any], key: str, most: int = 10**12) -> int:
    value = given.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ValueError(f"{key} is a whole number from 1 to {most:,}")
    return value


def _positive(given: Mapping[str, Any], key: str, most: float) -> float:
    value = given.get(key)
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not (math.isfinite(value) and 0 < value <= most)
    ):
        raise ValueError(f"{key} is a number above 0 and at most {most:g}")
    return float(value)
