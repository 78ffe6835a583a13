"""The Hugging Face Hub: what a run hands over, given away and fetched again."""

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saddlepoint.configuration import ConfigurationError
from saddlepoint.runs.passport import passport_of
from saddlepoint.runs.run import Run
from saddlepoint.storage.sealed import MANIFEST
from saddlepoint.tasks import write_picture
from saddlepoint.tasks.model import CARD, CONFIG, WEIGHTS

#: What an address of the hub begins with.
SCHEME = "hf://"
#: Files that are fetched, and nothing else: weights, descriptions, pictures, texts.
FETCHED = ("*.safetensors", "*.json", "*.yaml", "*.png", CARD)
#: The hub's words for tasks.
_TASKS = {
    **{"images": "unconditional-image-generation", "translation": "image-to-image", "enhancement": "image-to-image"},
    **{"tables": "tabular-generation", "series": "time-series-forecasting", "audio": "text-to-audio"},
    **{"vocoder": "audio-to-audio", "text": "text-generation"},
}
#: Measures that a card names; evaluation.json beside it has all.
_MOST = 100


def _library() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise ConfigurationError("the hub is reached with huggingface_hub: pip install 'saddlepoint[hub]'") from error
    return huggingface_hub


def address_of(text: str) -> tuple[str, str | None]:
    """The repository and the revision of user/name, hf://user/name or hf://user/name@revision.

    Raises:
        ConfigurationError: it is no such address.

    >>> address_of("hf://somebody/digits@v1")
    ('somebody/digits', 'v1')
    """
    found = re.fullmatch(r"(?:hf://)?([\w.-]+/[\w.-]+?)(?:@([\w./-]+))?", text)
    if found is None:
        raise ConfigurationError(f"{text!r} is no repository of the hub: give user/name or hf://user/name@revision")
    return found[1], found[2]


def push(run: Run, repository: str, *, private: bool = False, license: str | None = None) -> str:
    """Give away what a run hands over: weights, configuration, a card with its measures, samples, evaluations.

    Files: all of `generator/`, `README.md` (a model card with a YAML header), `samples.png`, `evaluation.json` where
    there is one, and `passport.json`, not signed. No data and no checkpoints leave the run; settings, with the path of
    the data as it was given, do.

    Args:
        run: whose.
        repository: user/name; made where it is not there.
        private: whether a new one is to be seen by its owner alone.
        license: of the weights, as the hub names it; None says unknown.

    Returns:
        The commit's address.

    Raises:
        ConfigurationError: the extra is not installed, a generator alone, or the hub refuses; says why.
    """
    library, (name, revision) = _library(), address_of(repository)
    with tempfile.TemporaryDirectory(prefix="saddlepoint-") as place:
        folder = staged(run, Path(place) / "model", name, license)
        api = library.HfApi()
        try:
            api.create_repo(name, private=private, exist_ok=True)
            done = api.upload_folder(
                repo_id=name, folder_path=folder, commit_message="Upload by Saddlepoint", revision=revision
            )
        except Exception as error:  # of several libraries of the network
            raise ConfigurationError(f"{name} could not be pushed: {_short(error)}. {_LOGIN}") from error
    return str(done.commit_url)


_LOGIN = "Is there a network? Log in with: hf auth login (or set HF_TOKEN); HF_ENDPOINT is another hub"


def staged(run: Run, folder: Path, name: str, license: str | None = None) -> Path:
    """All that is pushed, in a folder."""
    model, passport = run.model, passport_of(run)
    if model.folder is None:
        raise ConfigurationError(f"{run.path} has handed nothing over yet")
    folder.mkdir(parents=True)
    for file in (*model.folder.glob("*.json"), model.folder / WEIGHTS, model.folder / CONFIG):
        shutil.copyfile(file, folder / file.name)
    if (shown := model.shown()) is not None:
        write_picture(folder / "samples.png", shown)
    if run.storage.evaluations.exists():
        shutil.copyfile(run.storage.evaluations, folder / run.storage.evaluations.name)
    whole = json.dumps({"passport": passport, "signature": None}, indent=1, allow_nan=False)
    (folder / "passport.json").write_text(whole + "\n", encoding="utf-8")
    body = (model.folder / CARD).read_text(encoding="utf-8") if (model.folder / CARD).exists() else f"# {model.title}\n"
    picture = "\n![samples](samples.png)\n" if shown is not None else ""
    use = f'\nFrom the hub:\n\n    import saddlepoint as sp\n    run = sp.load("hf://{name}")\n'
    text = f"---\n{card_data(passport, name, license)}\n---\n\n{body.rstrip()}\n{use}{picture}"
    (folder / CARD).write_text(text, encoding="utf-8")
    return folder


def card_data(passport: Mapping[str, Any], name: str, license: str | None = None) -> str:
    """The card's header, YAML: library, licence, tags, data, and measures with what each was measured by."""
    library = _library()
    data, task = passport["data"], passport["training"].get("task", "own")
    newest = passport["evaluations"][-1]["values"] if passport["evaluations"] else passport["metrics"]
    results = [
        library.EvalResult(
            task_type=_TASKS.get(task, "other"),
            dataset_type=str(data.get("name") or "unknown"),
            dataset_name=f"{data.get('name')}, fingerprint {data.get('fingerprint')}",
            metric_type=str(value["metric"]),
            metric_value=value["value"],
            metric_name=str(value.get("summary") or value["metric"]),
            metric_args={
                key: found for key in ("protocol", "settings", "floor") if (found := value.get(key)) not in (None, {})
            },
        )
        for value in newest[:_MOST]
        if value.get("value") is not None and not str((value.get("protocol") or {}).get("weights")).startswith("floor")
    ]
    path = passport["settings"].get("data", {}).get("path")
    known = path.removeprefix("hf:") if isinstance(path, str) and path.startswith("hf:") else None
    header = library.ModelCardData(
        library_name="saddlepoint",
        license=license or "unknown",
        tags=["saddlepoint", "gan", str(task), str(passport["training"].get("recipe", ""))],
        datasets=None if known is None else [known],
        pipeline_tag=_TASKS.get(task),
        model_name=name.partition("/")[2],
        eval_results=results or None,
    )
    return str(header.to_yaml())


def pull(repository: str, out: Path | None = None) -> Path:
    """Fetch what somebody gave away: weights, descriptions, pictures. No code is fetched, and none is run.

    Args:
        repository: user/name, hf://user/name, or with @revision.
        out: a folder for the files; None keeps them in the hub's cache.

    Returns:
        The folder, for `saddlepoint.load`.

    Raises:
        ConfigurationError: the extra is not installed, there is no such repository, or it is none of ours.
    """
    library, (name, revision) = _library(), address_of(repository)
    try:
        where = library.snapshot_download(
            name, revision=revision, local_dir=out, allow_patterns=list(FETCHED), ignore_patterns=["*/*"]
        )
    except Exception as error:  # of several libraries of the network
        raise ConfigurationError(f"{name} could not be fetched: {_short(error)}. {_LOGIN}") from error
    folder = Path(where)
    missing = [file for file in (WEIGHTS, CONFIG, MANIFEST) if not (folder / file).is_file()]
    if missing:
        raise ConfigurationError(f"{name} holds no model of Saddlepoint's: {', '.join(missing)} missing")
    return folder


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300].rstrip(".") or type(error).__name__
