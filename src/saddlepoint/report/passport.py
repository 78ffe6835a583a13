"""A run's passport as a page."""

import json
from collections.abc import Mapping
from typing import Any

from saddlepoint.report.history import compact
from saddlepoint.report.templates import template

#: Letters of a value that the page shows; the file has all.
SHOWN = 600


def passport_page(passport: Mapping[str, Any], signature: Mapping[str, str] | None) -> str:
    """One HTML text that needs nothing else.

    Args:
        passport: as `passport.json` has it.
        signature: of it; None where it is not signed.
    """
    lists = {"Data": passport["data"], "Training": passport["training"], "Model": passport["model"]}
    newest = passport["evaluations"][-1] if passport["evaluations"] else {"values": []}
    return template("passport.html").render(
        name=f"Passport of {passport['run']}",
        signature=signature,
        lists={name: _rows(values) for name, values in lists.items()},
        versions=_rows(passport["software"]["training"]),
        metrics=[_cells(value) for value in passport["metrics"]],
        evaluated=[_cells(value) for value in newest["values"] if not _weights(value).startswith("floor")],
        when=newest.get("evaluated", ""),
        count=len(passport["evaluations"]),
        privacy=[_cells(value) for value in passport["privacy"]["figures"]],
        discloses=passport["privacy"]["discloses"],
        verdicts=passport["verdicts"],
        missing=passport["missing"],
        settings=json.dumps(passport["settings"], indent=1, ensure_ascii=False),
        citations=passport["citations"],
    )


def _rows(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key.replace("_", " "), _word(value)) for key, value in values.items() if value not in (None, "", [], {})]


def _word(value: Any) -> str:
    if isinstance(value, str):
        text = value
    elif isinstance(value, list) and all(isinstance(one, str) for one in value):
        text = " ".join(value)
    elif isinstance(value, Mapping):
        text = ", ".join(f"{key} {_word(inner)}" for key, inner in value.items())
    else:
        text = f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else json.dumps(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + " …"


def _weights(value: Mapping[str, Any]) -> str:
    return str((value.get("protocol") or {}).get("weights", ""))


def _cells(value: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Measure, value, floor, and what it was measured by."""
    protocol = value.get("protocol") or {}
    by = ", ".join(
        f"{name.replace('n_', '')} {protocol[name]}"
        for name in ("weights", "split", "n_generated", "n_real", "extractor", "seed")
        if protocol.get(name) not in (None, "")
    )
    direction = {"lower": "lower is better", "higher": "higher is better", "target": f"right at {value.get('target')}"}
    told = ", ".join(filter(None, (direction.get(str(value.get("direction"))), by)))
    return str(value.get("metric")), _number(value.get("value")), _number(value.get("floor")), told


def _number(value: Any) -> str:
    return compact(value) if isinstance(value, int | float) and not isinstance(value, bool) else "—"
