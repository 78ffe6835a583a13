"""What a page may begin: which commands, in which folders, and what is refused."""

import signal
import sys
import time

import pytest

from saddlepoint.storage import RunFolder
from saddlepoint.studio.commands import Command, Commands
from saddlepoint.studio.jobs import WAITING, Full, Jobs

NAMES = {"recipes": ["digits", "images"], "methods": ["alternating", "extragradient"], "games": ["bilinear"]}
TRAIN = {"do": "train", "recipe": "digits", "root": 0, "name": "new"}


@pytest.fixture
def commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place in ("runs", "pictures/cats", "secret"):
        (tmp_path / place).mkdir(parents=True)
    for name in ("a,b", "c d", "[e]", "2", "f=g"):
        (tmp_path / name).touch()
    (tmp_path / "pictures" / "out").symlink_to(tmp_path / "secret")
    (tmp_path / "pictures" / ".hidden").mkdir()
    (tmp_path / "pictures" / "table.csv").write_text("a,b\n")
    roots = [tmp_path.relative_to(tmp_path) / "runs"]
    return Commands(roots, [tmp_path.relative_to(tmp_path) / "pictures"], NAMES)


def test_commands_are_those_that_a_person_would_type(commands):
    images = {"recipe": "images", "data": {"root": 0, "path": "cats"}, "settings": ["size=32", "a=[2,.5]"]}
    begun = {**TRAIN, **images, "samples": 3000, "name": "b"}
    assert commands.read(begun).shown == (
        "saddle train images --data pictures/cats --samples 3000 --set size=32 --set 'a=[2,.5]' --out runs/b"
    )
    assert commands.read({"do": "check", **images}).shown.endswith("--dry-run")
    assert commands.read({"do": "plan", "recipe": "digits", "hours": 0.5}).shown == "saddle plan digits --hours 0.5"
    run = commands.roots[0] / "a b"
    assert commands.read({"do": "continue", "samples": 9}, run).words == (
        *("train", "runs/a b/config.yaml", "--out", "runs/a b", "--samples", "9"),
    )
    forked = commands.read({"do": "fork", "futures": ["method=extragradient lr=5e-4"], "root": 0, "name": "f"}, run)
    assert forked.shown == "saddle fork 'runs/a b' --set 'method=extragradient lr=5e-4' --out runs/f"
    assert commands.read({"do": "inspect", "at": 64}, run).words == (
        *("inspect", "runs/a b", "--at", "64", "--json", "--plot", "picture.png"),
    )
    mapped = {"do": "map", "game": "bilinear", "method": "alternating"}
    assert commands.read(mapped).shown == "saddle map bilinear --method alternating --plot picture.png"
    compared = {"do": "compare", "game": "digits", "methods": ["alternating[counts=[5,1]]", "extragradient"]}
    assert (
        "--methods 'alternating[counts=[5,1]],extragradient'" in commands.read({**compared, **TRAIN, **compared}).shown
    )


def test_folders_show_no_links_and_nothing_hidden(commands):
    found = commands.listed({"root": 0, "path": ""})
    assert [one["name"] for one in found] == ["cats", "table.csv"]


@pytest.mark.parametrize(
    "place",
    [
        *(
            {"root": 0, "path": path}
            for path in ("..", "../secret", "/etc", "out", ".hidden", "cats/../../secret", "no")
        ),
        *({"root": 0, "path": path} for path in ("a\x00b", "cats\\..", ["cats"])),
        *({"root": root, "path": ""} for root in (-1, 2, "0", None, True, 0.5)),
        *("cats", 3, ["cats"]),
    ],
)
def test_no_data_are_taken_from_elsewhere(commands, place):
    with pytest.raises(ValueError, match=r"\w+ \w+ "):
        commands.read({**TRAIN, "data": place})
    with pytest.raises(ValueError, match=r"\w+ \w+ "):
        commands.listed(place)


@pytest.mark.parametrize(
    "setting",
    [
        *("data.path=/etc/passwd", "data.path=secret", "data.path=./secret", "data.path=..", "start.run=../x"),
        *("generator.network=os:system", "method=package.module:Name", "data=hf:name", "x=~/a", "x=$HOME", "x=`id`"),
        *(
            "--trust",
            "--notify=id",
            "notify",
            "=1",
            "a=",
            "A=1",
            "a.=1",
            "x=a\nb",
            "x=a;b",
            "x=a|b",
            "x={a: b}",
            "x='a'",
        ),
        *("x=a,b", "x=c d", "x=[e]", "x=[y=f=g]", "x=[y=SECRET]", "x=[.]", "x=[a,./b]", "x=[1,.x]", "x=r,c d"),
        *("method=[secret]", "x=a,secret", "x=\u0661\u0662"),
    ],
)
def test_no_setting_names_a_file_or_code(commands, setting):
    with pytest.raises(ValueError, match=r"terminal"):
        commands.read({**TRAIN, "settings": [setting]})
    with pytest.raises(ValueError, match=r"\w+ \w+ "):
        commands.read({**TRAIN, "do": "fork", "futures": [setting]}, commands.roots[0] / "run")


@pytest.mark.parametrize(
    "change",
    [
        *(
            {"name": name}
            for name in ("", "..", "../x", "a/b", "/tmp/x", "-x", ".x", "a\\b", "x" * 99, "a\n", None, 3, "x.")
        ),
        *({"recipe": recipe} for recipe in ("", "no", "--help", "os:system", "secret/config.yaml", None, ["digits"])),
        *({"samples": samples} for samples in (-1, "3", 1.5, True, 10**15, [1])),
        *({"minutes": minutes} for minutes in (-1, "3", float("nan"), float("inf"))),
        *({"root": 1}, {"root": "0"}, {"settings": "a=1"}, {"settings": [1]}, {"settings": ["a=1"] * 99}),
        *({"do": "rm"}, {"do": "continue"}, {"do": None}, {"do": ["train"]}, {"do": "_train"}, {"do": "compare"}),
    ],
)
def test_what_can_not_be_begun_is_refused_in_a_sentence(commands, change):
    with pytest.raises(ValueError, match=r"\w+ \w+ "):
        commands.read({**TRAIN, **change})


def test_a_folder_that_is_there_is_not_written_over(commands):
    (commands.roots[0] / "new").symlink_to("/nowhere")
    with pytest.raises(ValueError, match="is there already"):
        commands.read(TRAIN)


def test_a_run_that_is_trained_is_not_begun_again(commands):
    run = commands.roots[0] / "run"
    run.mkdir()
    with RunFolder(run).held(), pytest.raises(ValueError, match="trains this run already"):
        commands.read({"do": "continue"}, run)


# --- the queue ----------------------------------------------------------------------------------------------


def sleeper(quick, out=None):
    # A shell that begins tests in the background has them ignore SIGINT, and those whom they begin.
    program = "import signal, time; signal.signal(2, signal.SIG_DFL); print('begun', flush=True); time.sleep(60)"
    return Command("train", (program,), quick, out)


@pytest.fixture
def jobs():
    made = Jobs(limit=1, program=(sys.executable, "-c"))
    yield made
    for job in list(made._jobs.values()):
        if job.process is not None and job.process.poll() is None:
            job.process.kill()
    made.close()


def until(job, *states, said=""):
    for _ in range(6000):
        if job.state in states and said in job.plain(said=True)["said"]:
            return
        time.sleep(0.01)
    raise AssertionError(job.plain(said=True))


def test_trainings_wait_for_one_another_and_looks_do_not(jobs, tmp_path):
    first, second = jobs.add(sleeper(False, tmp_path / "a")), jobs.add(sleeper(False, tmp_path / "b"))
    look = jobs.add(Command("check", ("print('seen')",), True))
    until(look, "done", said="seen")
    assert (first.state, second.state) == ("running", "waiting")
    with pytest.raises(ValueError, match="writes to"):
        jobs.add(sleeper(False, tmp_path / "b"))
    until(first, "running", said="begun")
    jobs.stop(first)
    until(first, "stopped")
    assert first.code in (130, -signal.SIGINT)
    until(second, "running", said="begun")
    jobs.stop(second)
    until(second, "stopped")


def test_what_waits_is_bounded_and_can_be_taken_back(jobs):
    for _ in range(WAITING + 1):
        last = jobs.add(sleeper(False))
    with pytest.raises(Full, match="wait already"):
        jobs.add(sleeper(False))
    jobs.stop(last)
    assert last.state == "stopped"
    assert last.process is None


def test_what_an_inspection_prints_for_machines_is_told_apart(jobs):
    program = "print('at 64'); print('{not'); print('{\"samples\": 64}'); print('wrote it')"
    job = jobs.add(Command("inspect", (program,), True))
    until(job, "done")
    told = job.plain(said=True)
    assert (told["result"], told["said"]) == ({"samples": 64}, "at 64\n{not\nwrote it")


def test_a_command_that_fails_says_why_without_colours(jobs):
    job = jobs.add(Command("check", (r"import sys; print('\x1b[31mred\x1b[0m\x07'); sys.exit(2)",), True))
    until(job, "failed")
    assert job.plain(said=True)["said"] == "red\n"
    assert job.code == 2


# --- over HTTP ----------------------------------------------------------------------------------------------


def test_a_page_begins_and_follows_a_command(serve, runs, jobs):
    jobs.program = (sys.executable, "-c", "import sys; print(sys.argv[1:])")
    client = serve(runs, jobs=jobs)
    told = client.ask("/api/start").json
    assert [row[0] for row in told["recipes"]] == NAMES["recipes"]
    shown = client.post("/api/jobs", {"do": "check", "recipe": "digits", "preview": True}).json
    assert shown == {"command": "saddle train digits --dry-run"}
    assert client.ask("/api/jobs").json["jobs"] == []
    job = client.post("/api/jobs", {"do": "check", "recipe": "digits"}).json
    until(jobs.find(job["id"]), "done", said="['train', 'digits', '--dry-run']")
    assert client.ask(f"/api/jobs/{job['id']}").json["state"] == "done"
    assert client.ask(f"/api/jobs/{job['id']}/picture").status == 404
    [row] = client.rows(1).values()
    looked = client.post("/api/jobs", {"do": "inspect", "run": row["id"]}).json
    assert looked["about"] == row["id"]
    assert looked["command"] == f"saddle inspect {runs / 'digits'} --json --plot picture.png"
    entries = client.ask("/api/places?root=0").json["entries"]
    assert [one["name"] for one in entries] == ["digits"]


def test_what_was_measured_is_kept_for_as_long_as_it_is_the_same_run(serve, runs, jobs, tmp_path, monkeypatch):
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))
    program = "import sys; open(sys.argv[-1], 'wb').write(b'a picture'); print('{\"samples\": 64, \"rotation\": 0.5}')"
    jobs.program = (sys.executable, "-c", program)
    client = serve(runs, jobs=jobs)
    [row] = client.rows(1).values()
    where = f"/api/run/{row['id']}/measured"
    assert client.ask(where).json == {"measured": []}
    job = client.post("/api/jobs", {"do": "inspect", "run": row["id"]}).json
    until(jobs.find(job["id"]), "done")
    kept = {"measured": [{"samples": 64, "rotation": 0.5, "picture": True}]}
    assert client.ask(where).json == kept
    another = serve(runs, read_only=True)
    assert another.rows(1)
    assert another.ask(where).json == kept
    assert another.ask(f"{where}/64").body == b"a picture"
    assert another.ask(f"{where}/65").status == 404
    RunFolder(runs / "digits").write_identity(started="another day")
    assert another.ask(where).json == {"measured": []}
    assert not [path for path in runs.rglob("*") if "inspect" in path.name]


def test_nobody_else_begins_anything(serve, runs, jobs):
    client = serve(runs, jobs=jobs)
    body = {"do": "check", "recipe": "digits"}
    assert client.ask("/api/jobs", "POST", body).status == 403
    own = {"X_Saddle_Studio": client.token}
    for forged in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://localhost:{client.port + 1}"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Host": "evil.example"},
    ):
        assert client.ask("/api/jobs", "POST", body, **own, **forged).status == 403
    assert client.ask("/api/jobs", "POST", body, **own, Origin=client.address).status == 200
    for bad in (
        "/api/places?root=9",
        "/api/places?root=0&path=../..",
        "/api/places?root=-1",
        "/api/jobs/77",
        "/api/jobs/..",
    ):
        assert client.ask(bad).status in (400, 404, 422)
    for given in (
        {"do": "train", "recipe": "digits", "name": "../x"},
        {"do": "inspect", "run": "no"},
        {"do": "inspect"},
    ):
        answer = client.post("/api/jobs", given)
        assert answer.status in (404, 422)
        assert len(answer.json["error"].split()) > 3
    assert len(jobs.all()) == 1


def test_a_studio_that_only_reads_begins_nothing(serve, runs, jobs):
    client = serve(runs, jobs=jobs, read_only=True)
    for path in ("/api/start", "/api/places?root=0"):
        assert client.ask(path).status == 403
    assert client.post("/api/jobs", {"do": "check", "recipe": "digits"}).status == 403
    assert client.post("/api/jobs/1/stop", {}).status == 403
    assert jobs.all() == []
