"""Files that belong together, with a manifest of their checksums, so that damage and edits are seen."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from saddlepoint.configuration import from_json
from saddlepoint.storage.files import read_text, write_atomically

MANIFEST = "manifest.json"
#: Bytes that a manifest may have: it names a few files.
MANIFEST_BYTES = 1 << 20


def write_sealed(folder: Path, files: Mapping[str, bytes], within: Path | None = None) -> None:
    """Write files into a folder, each whole or absent, and the manifest that vouches for them.

    While they are replaced the manifest vouches for both the old and the new content of each, so that a kill at any
    moment leaves a folder in which every file fits.

    Args:
        folder: made where it is not there.
        files: content by name.
        within: a folder that links must not lead out of.

    Raises:
        OSError: the disk is full, or a file can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before, new = checksums(folder), {name: [_digest(content)] for name, content in files.items()}
    both = {name: list(dict.fromkeys([*sums, *before.get(name, [])])) for name, sums in new.items()}
    _write_manifest(folder, both, within)
    for name, content in files.items():
        write_atomically(folder / name, content, within)
    _write_manifest(folder, new, within)


def checksums(folder: Path) -> dict[str, list[str]]:
    """SHA-256 by file that the manifest of a folder vouches for; empty where none can be read."""
    try:
        found = from_json(read_text(folder / MANIFEST, MANIFEST_BYTES))
        files = dict(found["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    sums = {name: [value] if isinstance(value, str) else value for name, value in files.items()}
    return {name: value for name, value in sums.items() if isinstance(value, list)}


def altered(folder: Path) -> list[str] | None:
    """Names of the files of a folder that its manifest does not vouch for any more; None where it has no manifest."""
    sums = checksums(folder)
    if not sums:
        return None
    return [
        name for name, known in sums.items() if (folder / name).parent != folder or checksum(folder / name) not in known
    ]


def checksum(file: Path) -> str:
    """SHA-256 of a file's content; empty where it is none."""
    if not file.is_file():
        return ""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_manifest(folder: Path, sums: Mapping[str, list[str]], within: Path | None) -> None:
    plain = {name: known[0] if len(known) == 1 else known for name, known in sums.items()}
    write_atomically(folder / MANIFEST, json.dumps({"sha256": plain}, indent=1) + "\n", within)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
