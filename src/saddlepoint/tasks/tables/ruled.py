"""The coding of a table that has rules: a change of the table that keeps them, then the coding of what that leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from torch import Tensor

from saddlepoint.data.tables import Cells, Column, TableData
from saddlepoint.data.tables.enforcing import Enforcement, Joined
from saddlepoint.tasks.tables.coding import ColumnSummary, NoCoding, TableCoding, summaries_of
from saddlepoint.tasks.tables.layout import RowLayout
from saddlepoint.tasks.tables.privacy import disclosure, protected


@dataclass(frozen=True)
class RuledCoding:
    """Rows of a table as networks learn them, and back, with all rules kept.

    Attributes:
        coding: of what is learnt.
        enforcement: between the table and what is learnt.
        outer: marginals of the table's own columns, where rules change any; () where `coding` has them.
    """

    coding: TableCoding
    enforcement: Enforcement
    outer: tuple[ColumnSummary, ...] = ()

    @staticmethod
    def fit(table: TableData, seed: int = 0) -> tuple["RuledCoding", Tensor]:
        """The coding of a table, and its rows, float32 (N, heads); raises as `TableCoding.fit`."""
        enforcement = Enforcement.of(table, protected(table).columns)
        learnt = enforcement.encode(table, seed)
        coding, rows = TableCoding.fit(learnt, seed)
        return RuledCoding(coding, enforcement, _outer(learnt, enforcement)), rows

    @staticmethod
    def uncoded(table: TableData, seed: int = 0) -> tuple["RuledCoding", TableData]:
        """For a model that learns columns as they are: what rules leave of them, without a coding."""
        enforcement = Enforcement.of(table, protected(table).columns)
        learnt = protected(enforcement.encode(table, seed))
        codings = (NoCoding(),) * len(learnt.columns)
        coding = TableCoding(learnt.columns, codings, summaries_of(learnt), (), table.separator, disclosure(table))
        return RuledCoding(coding, enforcement, _outer(learnt, enforcement)), learnt

    @property
    def layout(self) -> RowLayout:
        """Of a row as it is learnt."""
        return self.coding.layout

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Of the table."""
        learnt = self.coding.columns
        nothing = {column.name: Cells(np.zeros(0, np.float64 if column.numeric else np.int32)) for column in learnt}
        return self.enforcement.decode(TableData("nothing", learnt, nothing, "")).columns

    @property
    def summaries(self) -> Sequence[ColumnSummary]:
        """Marginals of the rows that it was fitted to, of each column."""
        return self.outer or self.coding.summaries

    @property
    def shares(self) -> tuple[int, ...]:
        """How often each label of the layout is there among them."""
        return self.coding.shares

    def decode(self, short: Tensor, seed: int = 0) -> TableData:
        """The table of rows (N, heads)."""
        return self.enforcement.decode(self.coding.decode(short, seed), seed)

    def joined(self, name: str) -> Joined | None:
        """The step that learns a column as part of a combination; None where none does."""
        for step in self.enforcement.steps:
            if isinstance(step, Joined) and step.whole and name in step.makes:
                return step
        return None

    def learnt(self, name: str) -> str | None:
        """The learnt column in whose states those of a column lie; None where it has none there."""
        step = self.joined(name)
        return step.coded.name if step is not None else None if name in self.enforcement.changed else name

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        if not self.enforcement.names:
            return self.coding.plain()
        rules = {"enforcement": self.enforcement.plain(), "outer": [asdict(summary) for summary in self.outer]}
        return {**self.coding.plain(), "rules": rules}

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> "RuledCoding":
        """What `plain` gave. Raises KeyError, TypeError or ValueError where it is none."""
        coding = TableCoding.from_plain(plain)
        if "rules" not in plain:
            return RuledCoding(coding, Enforcement())
        outer = tuple(ColumnSummary(tuple(p["edges"]), tuple(p["shares"])) for p in plain["rules"]["outer"])
        return RuledCoding(coding, Enforcement.from_plain(plain["rules"]["enforcement"]), outer)


def _outer(learnt: TableData, enforcement: Enforcement) -> tuple[ColumnSummary, ...]:
    return summaries_of(enforcement.decode(protected(learnt))) if enforcement.names else ()
