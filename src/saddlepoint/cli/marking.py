"""`saddle verify`, and what commands that write media say of their files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from saddlepoint.cli.console import AsJson, err, print_json, tell
from saddlepoint.configuration import ConfigurationError
from saddlepoint.disk import found_at
from saddlepoint.marks.signing import Credentials
from saddlepoint.runs import Run
from saddlepoint.runs.passport import PassportCheck, check_passport, read_passport, write_passport
from saddlepoint.runs.verifying import verify as look

#: The options of every command that writes media.
Marked = Annotated[
    bool,
    typer.Option("--mark/--no-mark", help="Say in every file that it was generated, by which run, from which seed."),
]
Sign = Annotated[
    Path | None,
    typer.Option(
        "--sign",
        metavar="PEM",
        help="Sign images and sounds (C2PA): a file with your certificates and their private key.",
    ),
]


def credentials_of(sign: Path | None, *, mark: bool) -> Credentials | None:
    """What files are signed with; read before the work. Raises ConfigurationError where it can't be, or shan't."""
    if sign is None:
        return None
    if not mark:
        raise ConfigurationError("what is signed is the mark: leave --no-mark or --sign out")
    return Credentials.read(sign)


def signed(credentials: Credentials | None, files: Iterable[Path]) -> None:
    """Sign the files whose format takes it, and say which are left."""
    if credentials is None:
        return
    files = list(files)
    for path in files:
        if credentials.can_sign(path):
            credentials.sign(path)
    left = [path for path in files if not credentials.can_sign(path)]
    tell([f"{left[0]}{' and others' if len(left) > 1 else ''}: a format that C2PA can't sign"] if left else [])


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that may have been generated.")],
    run: Annotated[
        Path | None, typer.Option("--run", metavar="RUN", help="Make the sample again from this run, and compare.")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--source", metavar="FILE", help="What a translated, enhanced or vocoded file was made of."),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="PEM", help="Of a passport: the key that should have signed it.")
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Import code outside of Saddlepoint that the run's folder names.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read what a file says of itself; with its run, make the sample again and compare bit for bit.

    Exit code 0: there is a mark, and nothing speaks against it. 1: there is none, or the file is not what it says.

    Examples:

      saddle verify grid.png

      saddle verify grid.png --run runs/digits

      saddle verify large/photo.jpg --run runs/photos --source photo.jpg

      saddle verify passport.json --key theirs.pem
    """
    if odd := found_at(file):
        raise ConfigurationError(f"{file} {odd}: give a file that may have been generated, or a passport.json")
    opened = None if run is None else Run.open(run, trust=trust)
    if (found_passport := read_passport(file)) is not None:
        _tell_passport(file, check_passport(found_passport, key, opened), as_json=as_json)
        return
    found = look(file, opened, source)
    if opened is not None:
        tell(opened.notes)
    if found.mark is None:
        err.print(f"{file}: no mark of Saddlepoint's", markup=False, soft_wrap=True)
    else:
        err.print(f"{file}: {found.mark}", markup=False, soft_wrap=True)
    if found.intact is False:
        err.print("the file was changed since its mark was written", markup=False, soft_wrap=True)
    if found.credentials is not None:
        signer = found.credentials["signed_by"] or "somebody without a name"
        state = "valid" if found.credentials["valid"] else f"NOT valid ({', '.join(found.credentials['problems'])})"
        err.print(f"signed by {signer}: {state}", markup=False, soft_wrap=True)
    if found.reason:
        err.print(found.reason, markup=False, soft_wrap=True)
    elif found.mark is not None and run is None:
        err.print(f"to make it again and compare: saddle verify {file} --run RUN", markup=False, soft_wrap=True)
    if as_json:
        print_json(
            {
                "file": str(file),
                "mark": None if found.mark is None else found.mark.plain(),
                "intact": found.intact,
                "credentials": found.credentials,
                "agreement": found.agreement,
                "reason": found.reason,
                "holds": found.holds,
            }
        )
    if not found.holds:
        raise typer.Exit(1)


def _tell_passport(file: Path, found: PassportCheck, *, as_json: bool) -> None:
    signed = {True: f"signed by {found.by}", False: "NOT rightly signed", None: "not signed"}[found.signed]
    err.print(f"{file}: the passport of run {found.passport.get('run')!r}, {signed}", markup=False, soft_wrap=True)
    for problem in found.problems:
        err.print(problem, markup=False, soft_wrap=True)
    if as_json:
        print_json(
            {
                "file": str(file),
                "signed": found.signed,
                "by": found.by,
                "problems": list(found.problems),
                "holds": not found.problems,
            }
        )
    if found.problems:
        raise typer.Exit(1)


def passport(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to; by itself, into the run folder.")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="PEM", help="Sign with this private key (Ed25519, not encrypted)."),
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Import code outside of Saddlepoint that the folder names.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write what a run was made of and what was measured of it, in one file that you may sign, and one page.

    passport.json and passport.html: fingerprint of the data, settings, versions, checksums of what was handed over,
    all evaluations with floors, figures of memorisation and privacy, verdicts, citations. Nothing is measured anew.

    Examples:

      saddle evaluate runs/digits && saddle passport runs/digits

      openssl genpkey -algorithm ed25519 -out key.pem

      saddle passport runs/digits --key key.pem --out release
    """
    opened = Run.open(run, trust=trust)
    tell(opened.notes)
    files = write_passport(opened, out, key)
    tell(read["passport"]["missing"] if (read := read_passport(files[0])) else [])
    for path in files:
        err.print(f"wrote {path}", markup=False, soft_wrap=True)
    if key is None:
        err.print("it is not signed: --key PEM signs it", markup=False, soft_wrap=True)
    if as_json:
        print_json({"run": str(run), "files": list(map(str, files)), "signed": key is not None})
