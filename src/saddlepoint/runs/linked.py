"""Two tables linked by a key: parents, and their children in an order. A first step into relational data.

Parents are learnt with the number of their children as one more column. Children are learnt beside their parent's
columns and their place among its children; to make them, rows are completed of which those are given. So what children
have in common with their parent, how many there are and what comes first or last is learnt; what two children of one
parent have in common beyond that is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saddlepoint.configuration import ConfigurationError
from saddlepoint.runs.api import load, train
from saddlepoint.runs.run import Run

#: Columns that are added: the number of children, a child's place among them; and what parents' names begin with.
COUNT, PLACE, PARENT = "children_", "place_", "parent_"


@dataclass(frozen=True)
class LinkedRuns:
    """Models of parents and of children.

    Attributes:
        parents, children: runs of tables.
        key: the column of both tables that links them.
        order: the children's column that rises among the children of a parent; "" where none does.
    """

    parents: Run
    children: Run
    key: str
    order: str = ""

    def sample(self, n: int, seed: int = 0) -> tuple[Any, Any]:
        """n parents and all their children, two data frames; keys are 1 … n."""
        made = self.parents.sample(n, seed=seed)
        counts = made[COUNT].astype("int64").clip(lower=0)
        parents = made.drop(columns=COUNT)
        context = parents.add_prefix(PARENT)
        rows = parents.index.repeat(counts)
        known = context.loc[rows].reset_index(drop=True)
        known[PLACE] = known.groupby(rows.to_numpy()).cumcount() + 1
        parents.insert(0, self.key, range(1, n + 1))
        own = [name for name in self._columns if name not in known]
        children = self.children.sample(1, seed=seed, like=known)[own] if len(known) else known.reindex(columns=own)
        children.insert(0, self.key, rows.to_numpy() + 1)
        if self.order:
            children = children.sort_values([self.key, self.order], kind="stable").reset_index(drop=True)
        return parents, children

    @property
    def _columns(self) -> list[str]:
        """Of the children's table as it is learnt."""
        columns: Any = self.children.model.ruled.columns  # type: ignore[attr-defined]
        return [column.name for column in columns]


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
    """Learn two linked tables.

    Args:
        parents: a data frame, a row for each value of the key.
        children: a data frame; each row's key names its parent.
        key: a column of both.
        order: a column of the children that rises among those of a parent.
        out: a folder for both runs.
        recipe, settings, more: of both, as `saddlepoint.train` takes them. `data.rare` is 0 where nothing is said, so
            that what a parent has is known among the children too: rare categories are given away.

    Raises:
        ConfigurationError: the key is missing, comes twice among parents, or names parents that there are not.
    """
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
    counts = children[key].value_counts()
    learnt = parents.drop(columns=key).assign(**{COUNT: parents[key].map(counts).fillna(0).astype("int64").to_numpy()})
    ordered = children.sort_values([key, order] if order else [key], kind="stable")
    context = parents.set_index(key).add_prefix(PARENT)
    known = context.loc[ordered[key]].reset_index(drop=True)
    known[PLACE] = ordered.groupby(key).cumcount().to_numpy() + 1
    for name in ordered.columns.drop(key):
        known[name] = ordered[name].to_numpy()
    folder = Path(out)
    own = {"data.rare": 0, **(settings or {})}
    first = train(recipe, data=learnt, out=folder / "parents", settings=own, **more)
    second = train(recipe, data=known, out=folder / "children", settings=own, **more)
    return LinkedRuns(first, second, key, order)


def load_linked(out: str | Path, key: str, order: str = "") -> LinkedRuns:
    """Two linked tables that were learnt before, from their folder."""
    return LinkedRuns(load(Path(out) / "parents"), load(Path(out) / "children"), key, order)
