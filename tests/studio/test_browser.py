"""The studio as people see it, in Chromium. `SADDLE_PICTURES=docs/images` keeps the pictures of the README."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from commands import TINY
from comparisons import made_up
from processes import Saddle, lines

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: apt-get install chromium"),
]
EVIL = "<img src=x onerror=document.title='PWNED'>"


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("dialog", lambda dialog: page.problems.append(dialog.message))
    yield page
    problems = page.problems
    context.close()
    assert problems == []


def begin(folder, tmp_path, *more):
    process = Saddle(
        [
            "train",
            "digits",
            *TINY,
            "--set",
            "every.record=640",
            "--set",
            "every.snapshot=1280",
            *more,
            "--out",
            str(folder),
        ],
        tmp_path / "said",
    )
    while lines(folder) < 3:
        assert process.running, process.text
        time.sleep(0.05)
    return process


def until(page, condition):
    """Wait for a condition; Playwright's own way needs eval, which the page forbids."""
    for _ in range(600):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


def samples(page):
    text = page.locator(".progress p").inner_text()
    return int(text.split(" ")[0].replace(",", ""))


def test_a_run_is_watched_from_its_beginning_through_a_kill_to_its_end(page, serve, tmp_path):
    runs = tmp_path / "runs"
    runs.mkdir()
    client = serve(runs, warm=True)
    page.goto(client.address)
    page.get_by_text("saddle train digits").wait_for()
    process = begin(runs / "live", tmp_path, "--samples", "100000000")
    page.get_by_role("link", name="live", exact=True).click()
    page.locator(".badge", has_text="running").first.wait_for()
    first = samples(page)
    until(page, f"parseInt(document.querySelector('.progress p').innerText.replaceAll(',', '')) > {first}")
    # A mark on an element that must stay: what is updated is not drawn anew.
    page.evaluate("document.querySelector('.chart').mark = 'same'")

    process.signal(signal.SIGKILL)
    process.wait()
    page.locator(".runhead .badge", has_text="interrupted").wait_for()
    second = begin(runs / "live", tmp_path, "--samples", "100000000")
    page.locator(".runhead .badge", has_text="running").wait_for()
    assert page.evaluate("document.querySelector('.chart').mark") == "same"

    slider = page.get_by_label("Which snapshot is shown")
    slider.focus()
    page.keyboard.press("Home")
    page.get_by_text("Generated after 0 samples").wait_for()
    page.keyboard.press("ArrowRight")
    page.locator("strong", has_text="Generated after").filter(has_not_text="after 0 samples").wait_for()

    page.get_by_role("button", name="Open the generator").click()
    page.locator(".pick img").first.wait_for(timeout=60_000)
    page.get_by_label("Class", exact=True).select_option("7")
    until(page, "document.querySelectorAll('.pick').length === 24")
    page.locator(".pick").nth(0).click()
    page.get_by_label("Direction 1", exact=True).wait_for()
    page.get_by_label("Direction 1", exact=True).fill("3")
    page.locator(".pick").nth(1).click()
    page.get_by_text("Between two samples").wait_for()
    until(page, "document.querySelectorAll('.strip8 img').length === 9")

    page.get_by_label("Tags, parted by spaces").fill("seen best")
    page.get_by_label("Note", exact=True).fill("mine")
    page.get_by_role("button", name="Keep").click()
    page.get_by_text("Kept in notes.json").wait_for()
    assert json.loads((runs / "live" / "notes.json").read_text())["tags"] == ["best", "seen"]

    with page.expect_download() as found:
        page.get_by_role("link", name="config.yaml", exact=True).first.click()
    assert Path(found.value.path()).read_bytes() == (runs / "live" / "config.yaml").read_bytes()

    page.get_by_role("button", name="Stop and save").click()
    assert second.wait() == 130
    page.get_by_text("Stopped by saddle stop").wait_for()


def test_a_training_is_begun_stopped_and_gone_on_with_from_the_page(page, serve, tmp_path):
    from saddlepoint.storage import RunFolder

    runs = tmp_path / "runs"
    runs.mkdir()
    client = serve(runs)
    page.goto(f"{client.address}/start")
    page.get_by_label("Name of the run").fill("mine")
    page.get_by_label("Settings, one a line").fill("batch_size=16\ngenerator.network.widths=[16]\nevery.record=640")
    page.locator(".startform code", has_text="--set batch_size=16").wait_for()
    page.get_by_role("button", name="Start training").click()
    job = page.get_by_role("article", name="Training")
    job.locator(".badge", has_text="running").wait_for()
    while lines(runs / "mine") < 3:
        page.wait_for_timeout(50)
    job.get_by_role("button", name="Stop", exact=True).click()
    job.locator(".badge", has_text="stopped").wait_for(timeout=60_000)
    assert RunFolder(runs / "mine").read_identity()["outcome"] == "stopped"
    [row] = client.rows(1).values()
    page.goto(f"{client.address}/run/{row['id']}")
    page.get_by_label("to", exact=True).fill(str(row["samples"] + 64))
    page.get_by_role("button", name="Go on with this run").click()
    page.get_by_role("article", name="Going on").locator(".badge", has_text="done").wait_for(timeout=60_000)
    assert RunFolder(runs / "mine").read_identity()["samples"] > row["samples"]


def test_a_hostile_folder_runs_no_script(page, serve, runs):
    run = runs / "digits"
    identity = json.loads((run / "run.json").read_text())
    identity |= {"name": EVIL, "recipe": EVIL, "message": EVIL, "command": [EVIL], "citations": [EVIL]}
    identity["dataset"] |= {"name": EVIL, "notes": [EVIL], "classes": [EVIL] * 10}
    (run / "run.json").write_text(json.dumps(identity))
    (run / "notes.json").write_text(json.dumps({"tags": [EVIL], "note": EVIL}))
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for record in records:
        record["losses"] = {EVIL: 1.0, **record["losses"]}
        record["metrics"] = {EVIL: 1.0}
    (run / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    (run / "exhibits" / "captions.json").write_text(json.dumps({"grid": [EVIL] * 10}))
    run.rename(runs / "<script>document.title='PWNED'<")
    client = serve(runs)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(client.address)
    page.locator(".runs tbody tr").wait_for()
    page.locator(".runs tbody a").click()
    page.locator(".chart").first.wait_for()
    page.locator(".stage img").wait_for()
    page.wait_for_timeout(500)
    assert "PWNED" not in page.title().replace(EVIL, "")
    assert page.locator("img[src='x']").count() == 0
    assert page.locator("script:not([type=module])").count() == 0
    assert all(url.startswith((client.address, "data:")) for url in requests)


def studio(runs, port):
    """A studio in a process of its own, once it listens."""
    command = [sys.executable, "-m", "saddlepoint", "studio", str(runs), "--port", port, "--no-open"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    with process.stderr:
        assert "studio: http" in process.stderr.readline()
    for _ in range(300):
        with suppress(OSError), socket.create_connection(("127.0.0.1", int(port))):
            return process
        time.sleep(0.1)
    raise AssertionError("the studio does not listen")


def test_the_server_comes_back_and_so_does_the_page(page, runs):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    process = studio(runs, port)
    page.goto(f"http://127.0.0.1:{port}/")
    page.locator(".runs tbody a", has_text="digits").wait_for()
    process.kill()
    process.wait(30)
    page.get_by_text("no connection, trying again").wait_for()
    shutil.copytree(runs / "digits", runs / "second")
    again = studio(runs, port)
    page.locator(".runs tbody a", has_text="second").wait_for(timeout=60_000)
    page.get_by_text("live", exact=True).wait_for()
    again.terminate()
    assert again.wait(30) in (0, -signal.SIGTERM)


def test_fifty_clients_are_told(serve, runs):
    import http.client

    from saddlepoint.storage import RunFolder

    client = serve(runs)
    client.rows(1)
    heard, begun = [], threading.Barrier(51)

    def listen():
        connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
        connection.request("GET", "/api/events?since=0")
        stream = connection.getresponse()
        begun.wait()
        while line := stream.readline():
            if b'"everyone"' in line:
                heard.append(1)
                break
        stream.close()
        connection.close()

    threads = [threading.Thread(target=listen) for _ in range(50)]
    for thread in threads:
        thread.start()
    begun.wait()
    RunFolder(runs / "digits").write_notes(["everyone"], "")
    for thread in threads:
        thread.join(60)
    assert len(heard) == 50


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 800, 400])
def test_nothing_is_wider_than_the_window_and_everything_is_named(chromium, serve, runs, trained, width, scheme):
    shutil.copytree(trained, runs / "a-name-that-is-as-long-as-anybody-would-ever-write-one-for-a-run" / "deep" / "er")
    (runs / "race").mkdir()
    (runs / "race" / "comparison.json").write_text(json.dumps(made_up()))
    client = serve(runs)
    rows = client.rows(2)
    ids = [row["id"] for row in rows.values()]
    [race] = client.ask("/api/races").json["races"]
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    for name, path, wanted in (
        ("runs", "/", ".runs tbody tr"),
        ("run", f"/run/{ids[0]}", ".stage img[src]"),
        ("start", "/start", ".command"),
        ("compare", f"/compare?runs={','.join(ids)}", ".sidebyside img[src]"),
        ("race", f"/race/{race['id']}", ".band"),
    ):
        page.goto(client.address + path)
        page.locator(wanted).first.wait_for()
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        nameless = page.evaluate(
            """[...document.querySelectorAll("button, a[href], input, select, textarea, img, svg")].filter(e =>
            e.checkVisibility() && !(e.ariaLabel || e.hasAttribute("alt") || e.ariaHidden || e.innerText?.trim() ||
            e.labels?.length)).map(e => e.outerHTML.slice(0, 120))"""
        )
        assert nameless == [], name
    context.close()


def test_all_can_be_done_by_keys(page, serve, runs, trained):
    shutil.copytree(trained, runs / "second")
    client = serve(runs)
    client.rows(2)
    page.goto(client.address)
    page.locator(".runs tbody tr").nth(1).wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "document.activeElement.getAttribute('aria-label') || document.activeElement.innerText.trim()"
            )
        )
    assert {"Filter the runs", "State", "Run", "Game", "digits", "second", "Choose second for comparison"} <= reached
    page.get_by_label("Choose second for comparison").focus()
    page.keyboard.press("Space")
    page.get_by_label("Choose digits for comparison").focus()
    page.keyboard.press("Space")
    page.get_by_role("link", name="Compare 2").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Comparison").wait_for()
    chart = page.locator(".chart").first
    chart.wait_for()
    chart.focus()
    page.keyboard.press("ArrowRight")
    assert "samples" in page.locator(".readout").first.inner_text()


def test_the_game_in_the_plane_is_played_and_so_are_methods(page, serve, runs):
    samples = runs / "digits" / "samples"
    for at, value in ((0, -1), (64, 1)):  # the field looks one way, then the other
        field = [[value * (x + y) for x in (-1, 0, 1)] for y in (-1, 0, 1)]
        plane = {"reach": 1, "made": [[0.5, 0.5]], "field": field, "arrows": [[0.5, 0.5]]}
        (samples / f"{at:012d}.json").write_text(json.dumps(plane))
    client = serve(runs, warm=True)
    [row] = client.rows(1).values()
    page.goto(f"{client.address}/run/{row['id']}")
    corner = "[...document.querySelector('.plane').getContext('2d').getImageData(830, 5, 1, 1).data]"
    page.get_by_text("After 64 samples").wait_for()
    seen = page.evaluate(corner)
    slider = page.get_by_label("Which moment of the game is shown")
    slider.focus()
    page.keyboard.press("Home")
    page.get_by_text("After 0 samples").wait_for()
    assert (seen[1] > seen[0], page.evaluate(corner)[1] < page.evaluate(corner)[0]) == (True, True)  # green, then pink
    assert slider.get_attribute("aria-valuetext") == "0 samples"
    page.goto(f"{client.address}/start")
    page.get_by_label("Steps", exact=True).first.fill("40")
    page.get_by_role("button", name="Play, side by side").click()
    page.locator(".ways .curve").nth(1).wait_for(timeout=60_000)
    assert page.locator(".ways .push").count() == 225
    page.get_by_text("extragradient: running, a step multiplies").wait_for()
    page.locator("code", has_text="saddle solve bilinear --method extragradient --lr 0.1 --iterations 40").wait_for()


@pytest.mark.skipif(
    "SADDLE_PICTURES" not in os.environ, reason="draws the pictures of the README where they are wanted"
)
def test_the_pictures_of_the_readme(chromium, serve, tmp_path, monkeypatch):
    kept, runs = Path(os.environ["SADDLE_PICTURES"]).resolve(), Path("runs")
    monkeypatch.chdir(tmp_path)  # so that they name no folder of this computer
    extragradient = ("--method", "extragradient")
    for name, *more in (
        ("digits", "digits", "--samples", "16000"),
        ("digits-extragradient", "digits", "--samples", "16000", *extragradient),
        ("ring", "ring", "--samples", "100000", "--set", "batch_size=200"),
    ):
        process = Saddle(["train", *more, "--out", f"runs/{name}"], tmp_path / "said", place=tmp_path)
        assert process.wait() == 0, process.text
    client = serve(runs, warm=True)
    ids = {name: row["id"] for name, row in client.rows(3).items()}
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    for name, path, wanted in (
        ("runs", "/", ".runs tbody tr"),
        ("run", f"/run/{ids['digits']}", ".stage img[src]"),
        ("compare", f"/compare?runs={ids['digits']},{ids['digits-extragradient']}", ".sidebyside img[src]"),
        ("game", f"/run/{ids['ring']}", ".plane"),
        ("ways", "/start", ".command"),
    ):
        page.set_viewport_size({"width": 1400, "height": 1500 if name == "run" else 900})
        page.goto(client.address + path)
        page.locator(wanted).first.wait_for()
        page.wait_for_timeout(1000)
        if name == "ways":
            page.get_by_role("button", name="Play, side by side").click()
            page.locator(".ways .curve").nth(1).wait_for(timeout=60_000)
        if heading := {"run": "Samples", "game": "The game", "ways": "Two methods on a game with a known solution"}.get(
            name
        ):
            page.get_by_role("heading", name=heading, exact=True).evaluate("e => scrollTo(0, e.offsetTop - 80)")
            page.wait_for_timeout(500)
        page.screenshot(path=kept / f"studio-{name}-light.png")
    context.close()
