"""The studio's pages and what they ask for."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from saddlepoint.report.comparison import read_comparison
from saddlepoint.report.templates import template
from saddlepoint.storage import RunFolder, from_json
from saddlepoint.studio import inspections, shown
from saddlepoint.studio.commands import Command, Commands
from saddlepoint.studio.guard import HEADER, Guard
from saddlepoint.studio.jobs import Full, Job, Jobs
from saddlepoint.studio.library import Entry, Library, stamp_of
from saddlepoint.studio.workshop import Busy, Workshop

#: Bytes of what is sent to us, beside files, which have a limit of their own.
BODY = 64 << 10
#: Bytes of a photograph or a sound that is sent to be converted.
UPLOAD = 24 << 20
#: Seconds after which something is sent to a page that hears nothing, so that a lost line is seen.
BEAT = 10.0
#: What is read of a run once until it changes, for so many runs.
CACHED = 24
#: Our own files by name: package, file, media type.
ASSETS = {
    "page.css": ("saddlepoint.report", "page.css", "text/css"),
    **{
        name: ("saddlepoint.studio", f"assets/{name}", kind)
        for name, kind in {
            "studio.css": "text/css",
            "studio.js": "text/javascript",
            "chart.js": "text/javascript",
            "dom.js": "text/javascript",
            "runs.js": "text/javascript",
            "run.js": "text/javascript",
            "compare.js": "text/javascript",
            "explore.js": "text/javascript",
            "start.js": "text/javascript",
            "jobs.js": "text/javascript",
            "plane.js": "text/javascript",
            "race.js": "text/javascript",
            "measured.js": "text/javascript",
            "tiles.js": "text/javascript",
        }.items()
    },
}


class Studio:
    """What the pages are answered from.

    Args:
        library: the runs.
        read_only: whether nothing may be changed or started.
        warm: whether the process that has torch is begun at once, so that the first question finds it ready.
        data: folders that data may be chosen from, beside those of the runs.
        names: gives recipes, methods and games as rows of name and words; called when they are first asked for.
        jobs: the commands that pages began; None makes a queue of one training at once.
    """

    def __init__(
        self,
        library: Library,
        *,
        read_only: bool = False,
        warm: bool = True,
        data: Sequence[Path] = (),
        names: Callable[[], Mapping[str, Sequence[Sequence[str]]]] = dict,
        jobs: Jobs | None = None,
    ) -> None:
        self.library, self.read_only, self.warm = library, read_only, warm
        self.data, self.names = tuple(data), names
        self.jobs = jobs if jobs is not None else Jobs()
        self.jobs.ended = self._ended
        self._commands: Commands | None = None
        self._names: Mapping[str, Sequence[Sequence[str]]] = {}
        self.workshop = Workshop()
        self.closed = False
        self.page_token = secrets.token_urlsafe(24)
        self._cache: dict[tuple[str, str], tuple[Any, bytes]] = {}

    def close(self) -> None:
        """Let go of all pages that listen, so that the server can end."""
        self.closed = True
        self.library.tell()

    # --- pages and files ----------------------------------------------------------------------------------

    async def page(self, _: Request) -> Response:
        """Every page is this one: its script looks at the address."""
        roots = [str(root) for root in self.library.roots]
        html = template("studio.html", "saddlepoint.studio").render(
            token=self.page_token, header=HEADER, read_only=self.read_only, roots=shown.plain(roots)
        )
        return Response(html, media_type="text/html")

    async def asset(self, request: Request) -> Response:
        """One of our own files."""
        found = ASSETS.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        package, name, kind = found
        return Response(resources(package).joinpath(name).read_bytes(), media_type=kind)

    # --- what is read -------------------------------------------------------------------------------------

    async def rows(self, _: Request) -> Response:
        """All runs, as a table shows them."""
        version, rows, _gone = self.library.since(0)
        return _json({"version": version, "rows": rows, "ready": self.library.ready})

    async def events(self, request: Request) -> Response:
        """Rows as they change, for as long as a page listens."""
        since = request.headers.get("last-event-id") or request.query_params.get("since") or "0"
        if not since.isdecimal() or len(since) > 12:
            raise HTTPException(400, "since is a number")
        return StreamingResponse(self._follow(int(since)), media_type="text/event-stream")

    async def _follow(self, version: int) -> AsyncIterator[str]:
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        if version > self.library.version:  # of a server before this one
            version = 0

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(woken.set)

        end = self.library.subscribe(wake)
        try:
            while not self.closed:
                woken.clear()
                version, rows, gone = self.library.since(version)
                told = json.dumps({"rows": rows, "gone": gone, "ready": self.library.ready})
                yield f"id: {version}\ndata: {told}\n\n"
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), BEAT)
                    await asyncio.sleep(0.2)  # what comes together is told together
        finally:
            end()

    async def details(self, request: Request) -> Response:
        """All of a run but pictures and sounds."""
        entry = self._entry(request)
        return await self._cached(entry, "details", lambda: shown.details(entry.path, self.library.records(entry)))

    async def exhibits(self, request: Request) -> Response:
        """Real samples, sounds, rows, figures of a run."""
        entry = self._entry(request)
        return await self._cached(entry, "exhibits", lambda: shown.exhibits(entry.path))

    async def measured(self, request: Request) -> Response:
        """What was measured of a run's game before."""
        entry = self._entry(request)
        return _json({"measured": await _tried(partial(inspections.kept, entry.path))})

    async def measured_picture(self, request: Request) -> Response:
        """The picture of one of these measurements."""
        entry = self._entry(request)
        content = await _tried(partial(inspections.picture, entry.path, request.path_params["samples"]))
        return Response(content, media_type="image/png")

    async def races(self, _: Request) -> Response:
        """The comparisons of methods that lie below the folders."""
        return _json({"races": self.library.comparisons()})

    async def race(self, request: Request) -> Response:
        """What one of them found."""
        path = self.library.races.get(request.path_params["id"])
        if path is None:
            raise HTTPException(404, "there is no such comparison")
        return _json(await _tried(partial(read_comparison, path)))

    async def _cached(self, entry: Entry, what: str, read: Callable[[], Any]) -> Response:
        """What is read of a run, once until it changes."""

        def found() -> bytes:
            with entry.reading:
                stamp, key = stamp_of(entry.path), (entry.id, what)
                before = self._cache.get(key)
                if before is None or before[0] != stamp:
                    content = json.dumps(read(), allow_nan=False).encode()
                    while len(self._cache) >= 2 * CACHED:
                        self._cache.pop(next(iter(self._cache)), None)
                    before = self._cache[key] = stamp, content
                return before[1]

        return Response(await _tried(found), media_type="application/json")

    async def picture(self, request: Request) -> Response:
        """A snapshot, large or small. Snapshots never change, so a browser may keep one."""
        entry = self._entry(request)
        read = shown.thumbnail if "small" in request.query_params else shown.picture
        content, kind = await _tried(partial(read, entry.path, request.path_params["samples"]))
        return Response(content, media_type=kind, headers={"Cache-Control": "private, max-age=600"})

    async def text(self, request: Request) -> Response:
        """The texts of a snapshot."""
        entry = self._entry(request)
        return PlainTextResponse(await _tried(partial(shown.text, entry.path, request.path_params["samples"])))

    async def plane(self, request: Request) -> Response:
        """The discriminator's field and the points of a snapshot, of a game in the plane."""
        entry = self._entry(request)
        found = await _tried(partial(shown.plane, entry.path, request.path_params["samples"]))
        return JSONResponse(found, headers={"Cache-Control": "private, max-age=600"})

    async def file(self, request: Request) -> Response:
        """A file of a run, to keep: never shown, whatever is in it."""
        entry = self._entry(request)
        name = request.path_params["name"]
        if name not in dict(await _tried(partial(shown.files, entry.path))):
            raise HTTPException(404)
        return FileResponse(entry.path / name, media_type="application/octet-stream", filename=Path(name).name)

    # --- what is changed ----------------------------------------------------------------------------------

    async def notes(self, request: Request) -> Response:
        """Keep tags and a note."""
        entry, given = self._entry(request), await self._given(request)
        tags, note = given.get("tags"), given.get("note")
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags) or not isinstance(note, str):
            raise HTTPException(400, "give tags, a list of words, and note, a text")
        await _tried(lambda: RunFolder(entry.path).write_notes(tags, note))
        self.library.wake()
        return _json({"tags": tags, "note": note})

    async def ask(self, request: Request) -> Response:
        """Ask the process that trains a run for a checkpoint, or to stop."""
        entry, given = self._entry(request), await self._given(request)
        what = given.get("what")
        if what not in ("stop", "checkpoint"):
            raise HTTPException(400, "what may be asked for is stop or checkpoint")
        await _tried(lambda: RunFolder(entry.path).ask(what))
        self.library.wake()
        return _json({"asked": what})

    # --- what is begun ------------------------------------------------------------------------------------

    async def beginnings(self, _: Request) -> Response:
        """What may be begun: recipes, methods, games, and the folders that data and runs may lie in."""
        commands = await self._beginner()
        places = [str(place) for place in commands.places]
        return _json({**self._names, "places": places, "roots": [str(root) for root in commands.roots]})

    async def places(self, request: Request) -> Response:
        """What is in a folder that data may be chosen from."""
        commands, number = await self._beginner(), request.query_params.get("root", "")
        if not number.isdecimal() or len(number) > 4:
            raise HTTPException(400, "root is a number")
        place = {"root": int(number), "path": request.query_params.get("path", "")}
        return _json({"entries": await _tried(lambda: commands.listed(place))})

    async def job_list(self, _: Request) -> Response:
        """The commands that pages began."""
        return _json({"jobs": self.jobs.all(), "limit": self.jobs.limit})

    async def job(self, request: Request) -> Response:
        """One of them, with what it says."""
        return _json(self._job(request).plain(said=True))

    async def drawing(self, request: Request) -> Response:
        """The picture that one of them drew."""
        job = self._job(request)
        content = await _tried(job.picture.read_bytes)
        return Response(content, media_type="image/png")

    async def begin(self, request: Request) -> Response:
        """Begin a command, or say only which one it is."""
        given = await self._given(request)
        commands = await self._beginner()
        run = given.get("run")
        entry = self.library.entries.get(run) if isinstance(run, str) else None
        if run is not None and entry is None:
            raise HTTPException(404, "there is no such run")
        command: Command = await _tried(lambda: commands.read(given, entry.path if entry is not None else None))
        if given.get("preview"):
            return _json({"command": command.shown})
        try:
            job = self.jobs.add(command, run)
        except Full as error:
            raise HTTPException(503, str(error)) from error
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        self.library.wake()
        return _json(job.plain())

    async def end(self, request: Request) -> Response:
        """Stop one of them, as Ctrl-C does."""
        await self._given(request)
        job = self._job(request)
        self.jobs.stop(job)
        return _json(job.plain())

    def _ended(self, job: Job) -> None:
        """A job has ended: keep what it measured, and look for what it wrote."""
        entry, result = self.library.entries.get(job.about or ""), job.result
        if entry is not None and isinstance(result, dict):
            inspections.keep(entry.path, result, job.picture)
        self.library.wake()

    def _job(self, request: Request) -> Job:
        job = self.jobs.find(request.path_params["number"])
        if job is None:
            raise HTTPException(404, "there is no such command")
        return job

    async def _beginner(self) -> Commands:
        if self.read_only:
            raise HTTPException(403, "the studio was started with --read-only: it begins nothing")
        if self._commands is None:
            self._names = await run_in_threadpool(self.names)
            known = {kind: [row[0] for row in self._names.get(kind, ())] for kind in ("recipes", "methods", "games")}
            self._commands = Commands(self.library.roots, self.data, known)
        return self._commands

    async def explore(self, request: Request) -> Response:
        """Ask a run's newest model for something; changes nothing."""
        entry = self._entry(request)
        return await self._asked(entry.path.absolute(), await self._mapping(request))

    async def play(self, request: Request) -> Response:
        """Play methods on a game with a known solution; changes nothing."""
        return await self._asked(None, await self._mapping(request))

    async def convert(self, request: Request) -> Response:
        """Have a run's newest model convert what is sent, or find it in its latent space."""
        entry, what = self._entry(request), request.query_params.get("do", "convert")
        if what not in ("convert", "project"):
            raise HTTPException(400, "what is sent may be converted or projected")
        options = {key: value for key, value in request.query_params.items() if key != "do"}
        return await self._asked(
            entry.path.absolute(), {"do": what, "content": await _body(request, UPLOAD), "options": options}
        )

    async def _asked(self, path: Path | None, asked: Mapping[str, Any]) -> Response:
        try:
            return _json(await self.workshop.ask(path, asked))
        except Busy as error:
            raise HTTPException(503, str(error)) from error
        except ValueError as error:
            raise HTTPException(422, shown.plain(str(error))[:500]) from error

    # --- what they share ----------------------------------------------------------------------------------

    def _entry(self, request: Request) -> Entry:
        entry = self.library.entries.get(request.path_params["id"])
        if entry is None:
            raise HTTPException(404, "there is no such run")
        return entry

    async def _given(self, request: Request) -> Mapping[str, Any]:
        """What a page sent, where anything may be changed."""
        if self.read_only:
            raise HTTPException(403, "the studio was started with --read-only")
        return await self._mapping(request)

    async def _mapping(self, request: Request) -> Mapping[str, Any]:
        content = await _body(request, BODY)
        with suppress(ValueError):
            if isinstance(found := from_json(content), dict):
                return found
        raise HTTPException(400, "give a mapping, as JSON")


async def _body(request: Request, most: int) -> bytes:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > most:
            raise HTTPException(413, f"at most {most:,} bytes are taken")
    return bytes(content)


def _json(value: Any) -> Response:
    return JSONResponse(shown.plain(value))


async def _tried(read: Callable[[], Any]) -> Any:
    """What is read in a thread; a sentence where it can't be."""
    try:
        return await run_in_threadpool(read)
    except FileNotFoundError as error:
        raise HTTPException(404, "there is no such file") from error
    except (OSError, ValueError, SyntaxError, RecursionError, OverflowError, KeyError, TypeError) as error:
        raise HTTPException(422, shown.plain(str(error))[:500]) from error


async def _said(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)


def application(studio: Studio, token: str | None = None) -> ASGIApp:
    """The studio behind its guard.

    Args:
        studio: what is shown.
        token: that is asked for; None takes requests to the loopback address only.
    """
    run = "/api/run/{id:str}"
    routes = [
        *(Route(path, studio.page) for path in ("/", "/run/{id:str}", "/race/{id:str}", "/compare", "/start")),
        Route("/assets/{name:str}", studio.asset),
        Route("/api/runs", studio.rows),
        Route("/api/events", studio.events),
        Route("/api/races", studio.races),
        Route("/api/race/{id:str}", studio.race),
        Route("/api/start", studio.beginnings),
        Route("/api/places", studio.places),
        Route("/api/play", studio.play, methods=["POST"]),
        Route("/api/jobs", studio.job_list, methods=["GET"]),
        Route("/api/jobs", studio.begin, methods=["POST"]),
        Route("/api/jobs/{number:str}", studio.job),
        Route("/api/jobs/{number:str}/picture", studio.drawing),
        Route("/api/jobs/{number:str}/stop", studio.end, methods=["POST"]),
        Route(run, studio.details),
        Route(f"{run}/exhibits", studio.exhibits),
        Route(f"{run}/picture/{{samples:int}}", studio.picture),
        Route(f"{run}/text/{{samples:int}}", studio.text),
        Route(f"{run}/plane/{{samples:int}}", studio.plane),
        Route(f"{run}/measured", studio.measured),
        Route(f"{run}/measured/{{samples:int}}", studio.measured_picture),
        Route(f"{run}/file/{{name:path}}", studio.file),
        Route(f"{run}/explore", studio.explore, methods=["POST"]),
        Route(f"{run}/convert", studio.convert, methods=["POST"]),
        Route(f"{run}/notes", studio.notes, methods=["POST"]),
        Route(f"{run}/ask", studio.ask, methods=["POST"]),
    ]

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        studio.library.start()
        if studio.warm:
            studio.workshop.start()
        try:
            yield
        finally:
            studio.library.stop()
            studio.workshop.stop()
            studio.jobs.close()

    app = Starlette(routes=routes, lifespan=life, exception_handlers={HTTPException: _said})
    return Guard(app, studio.page_token, token)
