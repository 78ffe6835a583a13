"""What the studio answers about runs, whoever wrote their folders."""

import json
import shutil

import pytest

from comparisons import made_up
from saddlepoint.report.page import RunPage
from saddlepoint.storage import RunFolder

EVIL = "<img src=x onerror=alert(1)>"


def test_it_says_what_the_report_says(serve, runs):
    client = serve(runs)
    [row] = client.rows(1).values()
    told = client.ask(f"/api/run/{row['id']}").json
    words = RunPage(runs / "digits").words()
    assert told["tiles"] == json.loads(json.dumps(words["tiles"]))
    assert [v["answer"] for v in told["verdicts"]] == [v.answer for v in words["verdicts"]]
    assert told["commands"] == json.loads(json.dumps(words["commands"]))
    assert {panel["title"] for panel in told["panels"]} >= {"Losses", "Right answers"}
    assert told["axes"]["samples"][-1] == 256  # where the samples doubled for the last time
    first = told["snapshots"][0]
    picture = client.ask(f"/api/run/{row['id']}/picture/{first}")
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")
    exhibits = client.ask(f"/api/run/{row['id']}/exhibits").json
    assert exhibits["real"]["picture"].startswith("data:image/png")


def test_the_plane_of_a_snapshot_is_told_and_nothing_else(serve, runs):
    client = serve(runs)
    [row] = client.rows(1).values()
    plane = {"reach": 2.0, "made": [[0, 1]], "field": [[1, 2], [3, None]], "arrows": [[1, 0]], "more": "SECRET"}
    samples = runs / "digits" / "samples"
    (samples / "000000000064.json").write_text(json.dumps(plane))
    (samples / "000000000128.json").write_text('{"reach": "<b>", "made": []}')
    assert 64 in client.ask(f"/api/run/{row['id']}").json["planes"]
    told = client.ask(f"/api/run/{row['id']}/plane/64").json
    assert told == {"reach": 2.0, "made": [[0.0, 1.0]], "field": [[1.0, 2.0], [3.0, None]], "arrows": [[1.0, 0.0]]}
    assert [client.ask(f"/api/run/{row['id']}/plane/{at}").status for at in (128, 5)] == [422, 422]


def test_comparisons_are_found_and_told_whoever_wrote_them(serve, runs):
    for name, content in (("race", json.dumps(made_up())), ("other", '{"standings": 3}')):
        (runs / name).mkdir()
        (runs / name / "comparison.json").write_text(content)
    client = serve(runs)
    client.rows(1)
    found = {one["name"]: one["id"] for one in client.ask("/api/races").json["races"]}
    told = client.ask(f"/api/race/{found['race']}").json
    assert told["lead"].startswith("<a> comes first")
    assert [row[1] for row in told["rows"]] == ["<a>", "b", "c"]
    refused = client.ask(f"/api/race/{found['other']}")
    assert (refused.status, "is not as saddle compare writes it" in refused.json["error"]) == (422, True)
    assert client.ask("/api/race/no").status == 404


@pytest.mark.slow
def test_changes_are_told_as_they_come(serve, runs, trained):
    import http.client

    client = serve(runs)
    client.rows(1)
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=30)
    connection.request("GET", "/api/events?since=0")
    stream = connection.getresponse()

    def told():
        while True:
            line = stream.readline().decode()
            if line.startswith("data: "):
                found = json.loads(line[6:])
                if found["rows"] or found["gone"]:
                    return found

    assert [row["name"] for row in told()["rows"]] == ["digits"]
    RunFolder(runs / "digits").write_notes(["seen"], "")
    assert told()["rows"][0]["tags"] == ["seen"]
    shutil.copytree(trained, runs / "second")
    assert told()["rows"][0]["name"] == "second"
    shutil.rmtree(runs / "second")
    while not (found := told())["gone"]:
        pass
    assert len(found["gone"]) == 1
    stream.close()
    connection.close()


@pytest.fixture
def hostile(runs, tmp_path):
    """A run whose every part is as bad as can be."""
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    run = runs / "digits"
    shutil.copy(run / "samples" / "latest.png", tmp_path / "secret.png")
    identity = json.loads((run / "run.json").read_text())
    identity |= {"name": EVIL, "recipe": EVIL, "message": EVIL, "command": [EVIL], "citations": [EVIL]}
    (run / "run.json").write_text(json.dumps(identity))
    (run / "report.html").write_text("<script>alert(1)</script>")
    run.rename(runs / "<b>evil<\x07")
    return runs


def test_what_a_folder_says_is_text(serve, hostile):
    client = serve(hostile)
    [row] = client.rows(1).values()
    told = client.ask(f"/api/run/{row['id']}")
    assert told.headers["content-type"] == "application/json"
    assert told.json["name"] == EVIL
    assert EVIL.encode() not in client.ask("/").body
    file = client.ask(f"/api/run/{row['id']}/file/report.html")
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt",
        "..%2f..%2fsecret.txt",
        "/etc/passwd",
        "samples/../../secret.txt",
        ".lock",
        "checkpoints",
        "start",
    ],
)
def test_no_file_but_the_runs_own_is_given(serve, runs, tmp_path, name):
    (tmp_path / "secret.txt").write_text("SECRET")
    client = serve(runs)
    [row] = client.rows(1).values()
    answer = client.ask(f"/api/run/{row['id']}/file/{name}")
    assert answer.status in (404, 307)
    assert b"SECRET" not in answer.body


@pytest.mark.parametrize("place", ["samples/000000000000.png", "generator/extra.txt", "run.json", "metrics.jsonl"])
def test_links_out_of_the_folder_lead_nowhere(serve, runs, tmp_path, place):
    shutil.copy(runs / "digits" / "samples" / "latest.png", tmp_path / "secret.png")
    (tmp_path / "secret.txt").write_text('{"name": "SECRET"}\n')
    target = runs / "digits" / place
    target.unlink(missing_ok=True)
    target.symlink_to(tmp_path / ("secret.png" if place.endswith("png") else "secret.txt"))
    client = serve(runs)
    [row] = client.rows(1).values()
    assert "leads out" in row["error"]
    for path in ("", "/exhibits", "/picture/0", f"/file/{place}"):
        answer = client.ask(f"/api/run/{row['id']}{path}")
        assert answer.status in (404, 422)
        assert b'"SECRET"' not in answer.body
        assert not answer.body.startswith(b"\x89PNG")


def test_a_folder_that_is_a_link_is_no_run(serve, runs, trained):
    (runs / "link").symlink_to(trained)
    client = serve(runs)
    assert set(client.rows(1)) == {"digits"}


def test_bombs_do_no_harm(serve, runs, trained):
    for name, file, content in (
        ("deep", "run.json", "[" * 200_000),
        ("laughs", "config.yaml", "a: &a [1]\nb: [*a, *a]\n" * 50),
        ("infinite", "run.json", '{"samples": 1e999, "metrics": {"a": NaN}, "dataset": 7, "interventions": [3]}'),
        ("records", "metrics.jsonl", '{"samples": 1, "losses": {"x": "y", "z": {}}}\n' * 50 + "\x00\xff{" + "[" * 9999),
        ("picture", "samples/latest.png", "no picture"),
        ("notes", "notes.json", '{"tags": [[[]]], "note": {"a": 1}}'),
    ):
        shutil.copytree(trained, runs / name)
        (runs / name / file).write_text(content)
    huge = runs / "digits" / "run.json"
    with huge.open("wb") as file:
        file.truncate(1 << 33)  # of nothing
    client = serve(runs)
    rows = client.rows(7)
    assert len(rows) == 7
    for row in rows.values():
        for path in ("", "/exhibits"):
            answer = client.ask(f"/api/run/{row['id']}{path}")
            assert answer.status in (200, 422), (row["name"], answer.body)
            json.loads(answer.body, parse_constant=pytest.fail)
    assert "alias" in rows["laughs"]["error"]


def test_a_picture_that_is_none_is_told(serve, runs):
    for file in (runs / "digits" / "samples").glob("*.png"):
        file.write_text("<svg onload=alert(1)>")
    client = serve(runs)
    [row] = client.rows(1).values()
    snapshots = client.ask(f"/api/run/{row['id']}").json["snapshots"]
    assert client.ask(f"/api/run/{row['id']}/picture/{snapshots[0]}").status == 422


def test_nobody_is_asked_to_stop_where_nobody_trains(serve, runs):
    client = serve(runs)
    [row] = client.rows(1).values()
    answer = client.post(f"/api/run/{row['id']}/ask", {"what": "stop"})
    assert answer.status == 422
    assert "no process trains" in answer.json["error"]
    with RunFolder(runs / "digits").held():
        assert client.post(f"/api/run/{row['id']}/ask", {"what": "stop"}).status == 200
        assert RunFolder(runs / "digits").asked() == ["stop"]
    assert client.post(f"/api/run/{row['id']}/ask", {"what": "explode"}).status == 400
