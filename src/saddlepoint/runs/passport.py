"""A run's passport: what it was made of and what was measured of it, in one signed file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from saddlepoint.configuration import ConfigurationError, from_json
from saddlepoint.report.passport import passport_page
from saddlepoint.runs.run import Run
from saddlepoint.storage import read_bytes, read_evaluations, read_text, write_atomically
from saddlepoint.storage.sealed import checksums

#: What a passport is called in its run's folder, and which form this is.
NAME, FORM = "passport.json", "saddlepoint-passport-1"
#: Bytes that a passport and a key may have.
PASSPORT_BYTES, KEY_BYTES = 64 << 20, 1 << 16
#: Measures of what is told of single training samples.
PRIVACY = (
    *("nearer_to_training", "copying_z", "copies", "copied_values", "copied", "nearest_distance"),
    *("singling_out", "linkability", "inference"),
)
_TRAINING = (
    *("recipe", "task", "started", "ended", "state", "outcome", "message", "samples", "steps"),
    *("evaluations", "seconds", "device", "threads", "parameters"),
)


def passport_of(run: Run) -> dict[str, Any]:
    """What a run's folder says, in values that JSON has; nothing is measured, and no time is asked.

    Keys: `form`, `run`, `software`, `data`, `settings`, `training`, `model`, `metrics`, `evaluations` (each number with
    its protocol, and its `floor` where one was measured), `privacy`, `verdicts`, `citations`, `missing` (what is not
    known, in sentences).

    Raises:
        ConfigurationError: a generator alone, without its run.
        ValueError: nothing was handed over yet.
    """
    if run.config is None:
        raise ConfigurationError(f"{run.path} is a generator alone, without its run: give the run folder")
    identity, model = run.storage.read_identity(), run.model
    evaluations = [_with_floors(one) for one in read_evaluations(run.storage.evaluations)]
    figures = [
        {**value, "at": one.get("samples")}
        for one in evaluations
        for value in one["values"]
        if value.get("metric") in PRIVACY and not _is_floor(value)
    ]
    missing = []
    if not evaluations:
        missing.append("No evaluation was made: saddle evaluate RUN measures against held-out data, with floors.")
    if not figures:
        missing.append("Nothing was measured about memorisation and privacy.")
    return {
        "form": FORM,
        "run": run.path.resolve().name,
        "software": {"passport": version("saddlepoint"), "training": identity.get("versions", {})},
        "data": identity.get("dataset", {}),
        "settings": run.config.plain(),
        "training": {key: identity[key] for key in _TRAINING if key in identity},
        "model": {
            "kind": model.kind,
            "title": model.title,
            "weights_sha256": model.digest,
            "files_sha256": {name: sums[0] for name, sums in sorted(checksums(run.storage.generator).items())},
            "edited": list(model.edited),
        },
        "metrics": [number.plain() for number in run.metrics.values()],
        "evaluations": evaluations,
        "privacy": {"discloses": model.discloses, "figures": figures},
        "verdicts": [{"question": one.question, "level": one.level, "answer": one.answer} for one in run.verdicts()],
        "citations": identity.get("citations", []),
        "missing": missing,
    }


def _is_floor(value: Mapping[str, Any]) -> bool:
    return str((value.get("protocol") or {}).get("weights", "")).startswith("floor")


def _with_floors(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """An evaluation whose numbers have what real data score in the generator's place, where that was measured."""
    values = [value for value in evaluation.get("values", ()) if isinstance(value, dict)]
    floors = {_asked(value): value.get("value") for value in values if _is_floor(value)}
    found = [value if _is_floor(value) else {**value, "floor": floors.get(_asked(value))} for value in values]
    return {**evaluation, "values": found}


def _asked(value: Mapping[str, Any]) -> str:
    """The metric, with what it was measured against."""
    protocol = value.get("protocol") or {}
    return json.dumps([value.get("metric"), value.get("settings"), protocol.get("split"), protocol.get("extractor")])


# --- signatures ----------------------------------------------------------------------------------------------


def canonical(passport: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: JSON in ASCII, keys sorted, no blanks."""
    return json.dumps(passport, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def signature_of(passport: Mapping[str, Any], key: Path) -> dict[str, str]:
    """An Ed25519 signature (RFC 8032) with a private key of the user's, PEM, not encrypted.

    Raises:
        ConfigurationError: the extra is not installed, or there is no such key.
    """
    private = _key(key)
    if not hasattr(private, "sign"):
        raise ConfigurationError(f"{key} is a public key: passports are signed with the private one")
    return {
        "algorithm": "ed25519",
        "public_key": private.public_key().public_bytes_raw().hex(),
        "value": private.sign(canonical(passport)).hex(),
    }


def _key(path: Path) -> Any:
    """An Ed25519 key, private or public. Raises ConfigurationError where there is none."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise ConfigurationError("passports are signed with cryptography: pip install 'saddlepoint[sign]'") from error
    data = read_bytes(path, KEY_BYTES)
    found: Any = None
    try:
        private = b"PRIVATE KEY" in data
        found = serialization.load_pem_private_key(data, None) if private else serialization.load_pem_public_key(data)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{path} can't be read: {error}. {_MAKE}") from error
    if not isinstance(found, ed25519.Ed25519PrivateKey | ed25519.Ed25519PublicKey):
        raise ConfigurationError(f"{path} is no Ed25519 key. {_MAKE}")
    return found


_MAKE = "Make one with: openssl genpkey -algorithm ed25519 -out key.pem"


def write_passport(run: Run, folder: Path | None = None, key: Path | None = None) -> tuple[Path, Path]:
    """Write `passport.json` and `passport.html`; the same run, the same files.

    Args:
        run: whose.
        folder: where to; None is the run's own.
        key: signs; None leaves it unsigned, which it says.

    Returns:
        The two files.

    Raises:
        ConfigurationError: as `passport_of` and `signature_of`; a file is in the place of the folder.
    """
    if folder is not None and folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder} is a file: give a folder with --out")
    passport = passport_of(run)
    signature = None if key is None else signature_of(passport, key)
    folder = run.path if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)
    data, page = folder / NAME, folder / "passport.html"
    text = json.dumps({"passport": passport, "signature": signature}, indent=1, allow_nan=False)
    write_atomically(data, text + "\n")
    write_atomically(page, passport_page(passport, signature))
    return data, page


@dataclass(frozen=True)
class PassportCheck:
    """What is known of a passport.

    Attributes:
        passport: its content.
        signed: whether the signature is right; None where it has none.
        by: the public key, hexadecimal, in the file; "" without one.
        problems: what speaks against it, in sentences.
    """

    passport: Mapping[str, Any]
    signed: bool | None
    by: str
    problems: Sequence[str]


def read_passport(path: Path) -> dict[str, Any] | None:
    """The file's content where it is a passport; None where it is none."""
    try:
        found = from_json(read_text(path, PASSPORT_BYTES))
    except (OSError, ValueError):
        return None
    passport = found.get("passport") if isinstance(found, dict) else None
    return found if isinstance(passport, dict) and passport.get("form") == FORM else None


def check_passport(found: Mapping[str, Any], key: Path | None = None, run: Run | None = None) -> PassportCheck:
    """Check a passport's signature, whose it is, and that it is of a run.

    Args:
        found: from `read_passport`.
        key: the signer's, public or private, PEM; None asks only whether the file was changed since it was signed.
        run: that it should be of.

    Raises:
        ConfigurationError: the extra is not installed, or there is no such key.
    """
    passport, signature = found["passport"], found.get("signature")
    problems, signed, by = [], None, ""
    if signature is not None:
        signed, by = _holds(passport, signature)
        if not signed:
            problems.append("the signature is wrong: the passport was changed since it was signed")
    if key is not None:
        known = _key(key)
        public = known.public_key() if hasattr(known, "sign") else known
        if by != public.public_bytes_raw().hex():
            problems.append(f"it is signed by another key than {key}" if by else "it is not signed")
    if run is not None and (digest := run.model.digest) != passport.get("model", {}).get("weights_sha256"):
        problems.append(f"{run.path} has other weights, {digest[:16]}")
    return PassportCheck(passport, signed, by, tuple(problems))


def _holds(passport: Mapping[str, Any], signature: Any) -> tuple[bool, str]:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise ConfigurationError("signatures are checked with: pip install 'saddlepoint[sign]'") from error
    try:
        by = str(signature["public_key"])
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(by))
        public.verify(bytes.fromhex(signature["value"]), canonical(passport))
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False, ""
    return True, by
