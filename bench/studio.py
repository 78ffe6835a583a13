"""The studio with many runs and with a long one: what a person waits for, and what 50 pages cost.

python bench/studio.py --runs 200 --records 100000

makes up run folders, serves them by `saddle studio`, and opens them in Chromium (`apt-get install chromium`).
"""

import argparse
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import saddlepoint

#: Trained for the numbers that are made up to be like real ones.
SEED_SAMPLES = 4000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=50)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "runs"
        original = Path(place) / "original"
        saddlepoint.train("digits", samples=SEED_SAMPLES, out=original, progress=False)
        made(original, root, asked.runs, asked.records)
        with served(root) as address:
            found: dict[str, Any] = {"runs": asked.runs, "records": asked.records}
            found |= read(root / "long")
            found |= listed(address, asked.runs)
            found |= in_browser(address, root)
            found |= clients(address, asked.clients, root)
        print(json.dumps(found, indent=1))


def made(original: Path, root: Path, runs: int, records: int) -> None:
    """So many runs, and one of so many records."""
    for number in range(runs):
        shutil.copytree(original, root / f"run-{number:04d}")
    shutil.copytree(original, root / "long")
    lines = [json.loads(line) for line in (original / "metrics.jsonl").read_text().splitlines()]
    with (root / "long" / "metrics.jsonl").open("w") as file:
        for number in range(1, records + 1):
            record = lines[number % len(lines)] | {"samples": 64 * number, "steps": number, "evaluations": 2 * number}
            file.write(json.dumps(record | {"seconds": 0.05 * number}) + "\n")


@contextmanager
def served(root: Path) -> Iterator[str]:
    """`saddle studio` in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "saddlepoint", "studio", str(root), "--port", str(port)])
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with suppress(OSError):
                urllib.request.urlopen(f"{address}/", timeout=5).close()
                break
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def rows(address: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{address}/api/runs", timeout=120) as answer:
        found: list[dict[str, Any]] = json.load(answer)["rows"]
    return found


def listed(address: str, runs: int) -> dict[str, float]:
    """Seconds from when it listens until every run was looked at for the first time."""
    began = time.perf_counter()
    while len(rows(address)) < runs + 1:
        time.sleep(0.1)
    return {"all_rows_seconds": round(time.perf_counter() - began, 2)}


def in_browser(address: str, root: Path) -> dict[str, Any]:
    """First paints, and the longest stretch of script, in milliseconds."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    long = next(row["id"] for row in rows(address) if row["name"] == "long")
    found: dict[str, Any] = {}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, path, ready in (("table", "/", ".runs tbody tr"), ("long_run", f"/run/{long}", ".chart path")):
            page = browser.new_page()
            page.add_init_script(
                "window.tasks = []; new PerformanceObserver(l => l.getEntries().forEach(e => tasks.push(e.duration)))"
                ".observe({type: 'longtask', buffered: true})"
            )
            began = time.perf_counter()
            page.goto(address + path)
            page.locator(ready).first.wait_for(timeout=120_000)
            found[f"{name}_ready_ms"] = round(1000 * (time.perf_counter() - began))
            page.wait_for_timeout(1500)
            found[f"{name}_first_paint_ms"] = page.evaluate("performance.getEntriesByName('first-paint')[0].startTime")
            found[f"{name}_longest_script_first_ms"] = max(page.evaluate("tasks"), default=0)
            page.evaluate("tasks.length = 0")
            watched = root / ("long" if name == "long_run" else "run-0000")
            append(watched)
            page.wait_for_timeout(12_000 if name == "long_run" else 4000)
            found[f"{name}_longest_script_update_ms"] = max(page.evaluate("tasks"), default=0)
            updates = page.evaluate("performance.getEntriesByName('update').map(m => m.duration)")
            if updates:
                found[f"{name}_updates_ms"] = [round(value, 1) for value in updates]
            page.close()
        browser.close()
    return found


def read(run: Path) -> dict[str, Any]:
    """Processor seconds of what the server does for the long run: records, its row, its page; all records first."""
    from saddlepoint.report import status_of
    from saddlepoint.storage import RecordsReader, RunFolder
    from saddlepoint.studio.library import RECORDS
    from saddlepoint.studio.shown import details

    found = {}
    for name, most in (("all", None), ("some", RECORDS)):
        reader, times = RecordsReader(RunFolder(run).records, most), [time.process_time()]
        reader.refresh()
        times.append(time.process_time())
        for look in (status_of, details):
            look(run, reader.records)
            times.append(time.process_time())
        spent = [round(after - before, 2) for before, after in pairwise(times)]
        found[f"cpu_s_records_row_page_of_{name}"] = [len(reader.records), *spent]
    return found


def append(run: Path) -> None:
    """One more record."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    last = json.loads(lines[-1])
    record = last | {"samples": last["samples"] + 64, "steps": last["steps"] + 1}
    with (run / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(record) + "\n")


def clients(address: str, count: int, root: Path) -> dict[str, float]:
    """Seconds from a change until each of so many pages knows it."""
    heard: list[float] = []
    begun = threading.Barrier(count + 1)

    def listen() -> None:
        with urllib.request.urlopen(f"{address}/api/events?since=0", timeout=120) as stream:
            begun.wait()
            for line in stream:
                if b'"benched"' in line:
                    heard.append(time.perf_counter())
                    return

    threads = [threading.Thread(target=listen) for _ in range(count)]
    for thread in threads:
        thread.start()
    begun.wait()
    began = time.perf_counter()
    (root / "run-0001" / "notes.json").write_text('{"tags": ["benched"], "note": ""}')
    for thread in threads:
        thread.join()
    waited = [at - began for at in heard]
    return {
        "clients": count,
        "told_median_s": round(statistics.median(waited), 2),
        "told_last_s": round(max(waited), 2),
    }


if __name__ == "__main__":
    main()
