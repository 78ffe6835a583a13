"""Twelve made-up rooms over four months: do made windows keep what depends on the hour, the weekday and the town?

    python bench/rooms.py --samples 150000

Rooms are occupied on working days from 8 to 18, in nine hours of ten; their light is 0 otherwise, their temperature
follows the day, and in Bonn it is two degrees warmer than in Ulm. A set point is one of four values and holds for
twelve hours on average; a price moves in three hours of ten. Printed are real rows and rows of made windows.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas

import saddlepoint as sp

FORMAT = "%d.%m.%Y %H:%M"


def rooms(seed: int) -> pandas.DataFrame:
    """Rows of all rooms, shuffled."""
    rng, parts = np.random.default_rng(seed), []
    for number in range(12):
        at = pandas.date_range("2024-01-01", "2024-04-30 23:00", freq="h", tz="Europe/Berlin")
        hour, town = at.hour.to_numpy(), ("Ulm", "Bonn")[number % 2]
        occupied = working(hour, at.day_of_week.to_numpy()) & (rng.random(len(at)) < 0.9)
        warm = 18 + 3 * np.sin((hour - 9) / 12 * np.pi) + 2 * (town == "Bonn") + rng.normal(0, 0.3, len(at))
        own = {"room": f"r{number}", "town": town, "area": (40, 60, 80)[number % 3], "occupied": occupied.astype(int)}
        light = np.where(occupied, rng.normal(300, 30, len(at)).round(), 0)
        since = np.maximum.accumulate(np.where(rng.random(len(at)) < 1 / 12, np.arange(len(at)), 0))
        point = np.array([17.0, 19.5, 21.0, 23.0])[rng.integers(0, 4, len(at))][since]
        price = 40 + (rng.normal(0, 0.5, len(at)) * (rng.random(len(at)) < 0.3)).cumsum()
        steps = {"point": point, "price": price.round(2)}
        own |= {"light": light, "warm": warm.round(1), **steps}
        parts.append(pandas.DataFrame({"at": at.strftime(FORMAT), **own}))
    return pandas.concat(parts).sample(frac=1, random_state=seed)


def working(hour: np.ndarray, weekday: np.ndarray) -> np.ndarray:
    return np.asarray((hour >= 8) & (hour < 18) & (weekday < 5))


def figures(rows: pandas.DataFrame) -> dict[str, float]:
    """What rows keep: shares, and the towns' difference."""
    at = pandas.to_datetime(rows["at"], format=FORMAT)
    work = working(at.dt.hour.to_numpy(), at.dt.day_of_week.to_numpy())
    occupied, warm = rows["occupied"].to_numpy().astype(int), rows.groupby("town")["warm"].mean()
    inside = rows["step"].to_numpy()[1:] > 0 if "step" in rows else np.ones(len(rows) - 1, dtype=bool)
    stays = {name: np.diff(rows[name].to_numpy().astype(float))[inside] == 0 for name in ("occupied", "point", "price")}
    return {
        "occupied at work": occupied[work].mean(),
        "else": occupied[~work].mean(),
        "light is 0": (rows["light"] == 0).mean(),
        "light as occupied": ((rows["light"] > 0) == (occupied == 1)).mean(),
        "warmer in Bonn": warm["Bonn"] - warm["Ulm"],
        "in Bonn": (rows["town"] == "Bonn").mean(),
        "occupied switches": 1 - stays["occupied"].mean(),
        "point holds": stays["point"].mean(),
        "known points": rows["point"].isin((17.0, 19.5, 21.0, 23.0)).mean(),
        "price holds": stays["price"].mean(),
    }


def main() -> None:
    """Make, train, draw, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=150_000, help="windows of the training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/rooms"), help="folder of the run")
    given = parser.parse_args()
    real = rooms(given.seed)
    given.out.mkdir(parents=True, exist_ok=True)
    real.to_csv(given.out / "rooms.csv", index=False)
    settings = {"seed": given.seed, "threads": 1}
    run = sp.train(
        "series", data=given.out / "rooms.csv", samples=given.samples, out=given.out / "run", settings=settings
    )
    rows = {"real": real.sort_index().sort_values("room", kind="stable"), "made": run.sample(400, seed=1)}
    rows["made"]["at"] = pandas.to_datetime(rows["made"]["at"]).dt.strftime(FORMAT)
    table = pandas.DataFrame({name: figures(frame) for name, frame in rows.items()}).T
    print(table.round(3).to_string())


if __name__ == "__main__":
    main()
