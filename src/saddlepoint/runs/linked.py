"""Two tables linked by a key: parents, and their children in an order. A first step into relational data.

Parents are learnt with the number of their children as one more column. Children are learnt beside their parent's
columns and their place among its children; to make them, rows are completed of which those are given. So what children
have in common with their parent, how many there are and what comes first or last is learnt; what two children of one
parent have in common beyond that is not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from saddlepoint.configuration import ConfigurationError, from_json
from saddlepoint.data.tables.files import PARQUETS
from saddlepoint.data.tables.frames import frame_of, ordered_by_key
from saddlepoint.marks.writing import write_marked
from saddlepoint.runs.api import load, train
from saddlepoint.runs.run import Run
from saddlepoint.runs.verifying import mark_of
from saddlepoint.storage import read_text, write_atomically

#: Columns that are added: the number of children, a child's place among them; and what parents' names begin with.
COUNT, PLACE, PARENT = "children_", "place_", "parent_"
#: What a folder of two linked runs holds beside them, and the most bytes of it that are read.
FILE, LARGEST = "linked.json", 100_000
#: Settings of one column.
COLUMN = "data.columns."


@dataclass(frozen=True)
class Link:
    """What links two tables, and how their files are written.

    Attributes:
        key: the column of both that links them.
        order: the children's column that rises among the children of a parent; "" where none does.
        files: names of the files of parents and children; "" of what was given in Python.
        separators: between the values of their lines.
    """

    key: str
    order: str = ""
    files: tuple[str, str] = ("", "")
    separators: tuple[str, str] = (",", ",")

    def keep(self, folder: Path) -> None:
        """Write it beside the runs."""
        plain = {"key": self.key, "order": self.order, "files": self.files, "separators": self.separators}
        write_atomically(folder / FILE, json.dumps(plain, ensure_ascii=False))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """That of a folder. Raises ConfigurationError where it holds no linked runs, or something else."""
        path = folder / FILE
        if not path.is_file():
            raise ConfigurationError(f"{folder} holds no linked runs: give the folder that `saddle link` wrote")
        try:
            plain = from_json(read_text(path, LARGEST))
            own = cls(plain["key"], plain["order"], tuple(plain["files"]), tuple(plain["separators"]))
            texts = (own.key, own.order, *own.files, *own.separators)
            sound = len(texts) == 6 and all(isinstance(text, str) for text in texts)
        except (TypeError, KeyError, ValueError) as error:
            raise ConfigurationError(f"{path} is damaged: {error}") from error
        if not sound or any(Path(name).name != name for name in own.files):
            raise ConfigurationError(f"{path} is damaged: it holds no two file names")
        return own


@dataclass(frozen=True)
class LinkedRuns:
    """Models of parents and of children.

    Attributes:
        parents, children: runs of tables.
        link: what links them.
    """

    parents: Run
    children: Run
    link: Link

    def sample(self, n: int, seed: int = 0) -> tuple[Any, Any]:
        """n parents and all their children, two data frames; keys are 1 … n."""
        key, order = self.link.key, self.link.order
        made = self.parents.sample(n, seed=seed)
        counts = made[COUNT].astype("int64").clip(lower=0)
        parents = made.drop(columns=COUNT)
        context = parents.add_prefix(PARENT)
        rows = parents.index.repeat(counts)
        known = context.loc[rows].reset_index(drop=True)
        known[PLACE] = known.groupby(rows.to_numpy()).cumcount() + 1
        parents.insert(0, key, range(1, n + 1))
        columns = {column.name: column for column in self.children.model.ruled.columns}  # type: ignore[attr-defined]
        own = [name for name in columns if name not in known]
        children = self.children.sample(1, seed=seed, like=known)[own] if len(known) else known.reindex(columns=own)
        children.insert(0, key, rows.to_numpy() + 1)
        if order and len(children):
            children = ordered_by_key(children, key, children[order], columns[order])
        return parents, children

    def write(self, folder: str | Path, n: int, seed: int = 0, *, mark: bool = True) -> list[Path]:
        """n parents and all their children as two files, called and written as those that were learnt.

        Args:
            folder: where they go; made where it is not there.
            n: parents.
            seed: of the draw.
            mark: whether the files, or one beside each, say that they are generated.

        Returns:
            The files of parents and of children.
        """
        paths = []
        Path(folder).mkdir(parents=True, exist_ok=True)
        names = [name or other for name, other in zip(self.link.files, ("parents.csv", "children.csv"), strict=True)]
        runs = (self.parents, self.children)
        for run, frame, name, separator in zip(runs, self.sample(n, seed), names, self.link.separators, strict=True):
            path = Path(folder) / name
            own = mark_of(run, run.model, "link", {}, seed=seed, n=n) if mark else None
            write_marked(path, partial(_write, frame, separator), own)
            paths.append(path)
        return paths


def _write(frame: Any, separator: str, path: Path) -> None:
    if path.suffix.lower() in PARQUETS:
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False, sep=separator, lineterminator="\n")


def train_linked(
    parents: Any,
    children: Any,
    key: str,
    *,
    order: str = "",
    out: str | Path = "runs/linked",
    recipe: str = "table",
    settings: Mapping[str, Any] | None = None,
    **more: Any,
) -> LinkedRuns:
    """Learn two linked tables. The same call with the same folder continues.

    Args:
        parents: a data frame or a file, a row for each value of the key.
        children: a data frame or a file; each row's key names its parent.
        key: a column of both.
        order: a column of the children that rises among those of a parent.
        out: a folder for both runs.
        recipe, settings, more: of both, as `saddlepoint.train` takes them; those of a column go where it is.
            `data.rare` is 0 where nothing is said, so that what a parent has is known among the children too: rare
            categories are given away.

    Raises:
        ConfigurationError: the key is missing, comes twice among parents, or names parents that there are not.
        DataError: a file can't be read as a table.
    """
    files, separators = ["", ""], [",", ","]
    tables = [parents, children]
    for place, given in enumerate(tables):
        if isinstance(given, str | Path):
            tables[place], files[place], separators[place] = frame_of(Path(given))
    if files[0] and files[0] == files[1]:
        files[1] = f"children-{files[1]}"
    parents, children = tables
    for name, frame in (("parents", parents), ("children", children)):
        if key not in frame:
            raise ConfigurationError(f"the {name} have no column {key!r}: they have {', '.join(map(str, frame))}")
    if not parents[key].is_unique:
        twice = int(parents[key].duplicated().sum())
        raise ConfigurationError(f"{key!r} does not name parents: {twice:,} come twice")
    orphans = int((~children[key].isin(parents[key])).sum())
    if orphans:
        raise ConfigurationError(f"{orphans:,} children name a {key!r} that no parent has: leave them out")
    if order and order not in children:
        raise ConfigurationError(f"the children have no column {order!r}: they have {', '.join(map(str, children))}")
    if reserved := [name for name in (*parents, *children) if name in (COUNT, PLACE)]:
        raise ConfigurationError(f"a column is called {reserved[0]!r}, which is added here: give it another name")
    counts = children[key].value_counts()
    learnt = parents.drop(columns=key).assign(**{COUNT: parents[key].map(counts).fillna(0).astype("int64").to_numpy()})
    ordered = ordered_by_key(children, key, children[order]) if order else children.sort_values(key, kind="stable")
    context = parents.set_index(key).add_prefix(PARENT)
    known = context.loc[ordered[key]].reset_index(drop=True)
    known[PLACE] = ordered.groupby(key).cumcount().to_numpy() + 1
    for name in ordered.columns.drop(key):
        known[name] = ordered[name].to_numpy()
    folder = Path(out)
    own = {"data.rare": 0, **(settings or {})}
    first = train(recipe, data=learnt, out=folder / "parents", settings=_settings(own, list(learnt)), **more)
    second = train(recipe, data=known, out=folder / "children", settings=_settings(own, list(known)), **more)
    link = Link(key, order, (files[0], files[1]), (separators[0], separators[1]))
    link.keep(folder)
    return LinkedRuns(first, second, link)


def load_linked(out: str | Path) -> LinkedRuns:
    """Two linked tables that were learnt before, from their folder. Raises ConfigurationError where there are none."""
    folder = Path(out)
    link = Link.read(folder)
    return LinkedRuns(load(folder / "parents"), load(folder / "children"), link)


def _settings(given: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """Settings of a table: those of a column, also of a parent's among its children, only where it has the column."""
    found = {}
    for key, value in given.items():
        name = key.removeprefix(COLUMN)
        if name == key:
            found[key] = value
            continue
        found |= {COLUMN + own: value for own in (name, PARENT + name) if own in names}
    return found
