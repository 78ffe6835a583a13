"""Flags that are settings: any `--key value` that a configuration, or the options of a task or a model, has."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_args, get_origin

from saddlepoint.configuration import ConfigurationError, Described, Settings, described, nearest, parse_value
from saddlepoint.configuration.settings import settings_in
from saddlepoint.runs.api import BUDGET, HOURS
from saddlepoint.tasks import Config, tasks


def parted(words: Sequence[str], known: type[Settings]) -> tuple[list[str], dict[str, Any]]:
    """Words of a command line as those that stand alone, and settings by key, in their order.

    `--key value`, `--key=value`; `--key` and `--no-key` of a setting that is true or false, or of a part that may be
    left out. Dashes in a key are underscores; dots lead into inner settings. A key that comes twice has a list.

    Args:
        words: what no option of the command took.
        known: the settings, whose types tell which flags need no value.
    """
    alone: list[str] = []
    found: dict[str, Any] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("--") or word == "--":
            alone.append(word)
            continue
        key, equals, text = word[2:].partition("=")
        key = key.replace("-", "_")
        if not equals and key.startswith("no_") and (is_switch(known, key[3:]) or _is_optional(known, key[3:])):
            value: Any = False
            key = key[3:]
        elif equals:
            value = _value(known, key, text)
        elif left and not left[0].startswith("--") and not (is_switch(known, key) and not _is_truth(left[0])):
            value = _value(known, key, left.pop(0))
        else:
            value = _without_value(known, key, word)
        if key in found:
            before = found[key] if isinstance(found[key], list) else [found[key]]
            value = [*before, value]
        found[key] = value
    return alone, found


def _value(known: type[Settings], key: str, text: str) -> Any:
    """A value from a command line; texts, and members of a mapping, as COLUMN=VALUE, stay as they are written."""
    annotation = annotation_of(known, key)
    is_mapping = get_origin(annotation) is dict and not text.startswith("{")
    return text if is_mapping or annotation is str else parse_value(text)


def _without_value(known: type[Settings], key: str, flag: str) -> bool:
    """What a flag alone sets: true, unless its setting is a number or a text."""
    annotation = annotation_of(known, key)
    if set(get_args(annotation) or [annotation]) <= {int, float, str, type(None)} and annotation is not None:
        raise ConfigurationError(f"{flag} needs a value: give it as {flag} VALUE")
    return True


def _is_optional(known: type[Settings], key: str) -> bool:
    """Whether a key is of settings that may be left out as a whole."""
    annotation = annotation_of(known, key)
    return settings_in(annotation) is not None and type(None) in get_args(annotation)


def is_switch(known: type[Settings], key: str) -> bool:
    """Whether a setting is true or false, and so needs no value."""
    annotation = annotation_of(known, key)
    return annotation is bool or bool in get_args(annotation)


def annotation_of(known: type[Settings], key: str) -> Any:
    """The type of a setting by its key, aliases included; None where there is none."""
    head, dot, tail = key.partition(".")
    place = known.aliases.get(head, (head,))[0] + dot + tail
    kind: Any = known
    for name in place.split("."):
        if not (isinstance(kind, type) and issubclass(kind, Settings)) or name not in kind.model_fields:
            return None
        annotation = kind.model_fields[name].annotation
        kind = settings_in(annotation) or annotation
    return annotation


def _is_truth(text: str) -> bool:
    return text.lower() in ("true", "false", "yes", "no", "on", "off", "none")


def checked(config: Config, keys: Iterable[str]) -> None:
    """Raise ConfigurationError for a flag that is no setting; says which tasks have it, or the nearest."""
    known = {*type(config).model_fields, *type(config).aliases} - set(config.fixed)
    known |= {*BUDGET, HOURS}  # of a model that is fitted at once, which says so itself
    for key in keys:
        head = key.partition(".")[0]
        if head in known:
            continue
        others = [
            name
            for name, task in tasks().items()
            if head not in config.fixed
            and any(head in kind.model_fields or head in kind.aliases for kind in task.configs.values())
        ]
        flag = _flag(key)
        if others:
            raise ConfigurationError(
                f"{flag}: {head!r} is a setting of {', '.join(sorted(others))}; {config.recipe} has none"
            )
        near = nearest(head, sorted(known))
        raise ConfigurationError(f"there is no flag {flag}: {near.replace('_', '-')}")


def options_of(kind: type[Settings], given: Mapping[str, Any], what: str, others: Mapping[str, type[Settings]]) -> Any:
    """The options of a model or a task from flags.

    Args:
        kind: the options' class.
        given: values by key.
        what: what the options are of, for messages.
        others: options of other models or tasks by their titles, to say whose a flag is.

    Raises:
        ConfigurationError: a flag that is no option here.
    """
    for key in given:
        if key in kind.model_fields:
            continue
        flag = _flag(key)
        owners = [title for title, other in others.items() if key in other.model_fields]
        if owners:
            raise ConfigurationError(f"{what}: {flag} is for {', '.join(sorted(owners))}")
        known = [name.replace("_", "-") for name in kind.model_fields]
        raise ConfigurationError(f"{what}, which has no option {flag}: {nearest(key.replace('_', '-'), known)}")
    return kind.read(given)


#: Settings that few change: shown by --help-all.
_RARE = (*Config.fixed, "device", "threads", "engine", "accumulate", "precision", "channels_last")


def settings_help(config: Config, *, everything: bool) -> str:
    """The settings of a recipe as flags, grouped, each with its value and what it means."""
    found = [one for one in described(config) if one.key.partition(".")[0] not in config.fixed]
    found = [one for one in found if everything or not _is_rare(one)]
    lines = [
        f"Settings of {config.recipe}, each a flag (--KEY VALUE) or --set KEY=VALUE; what is set stands behind it."
    ]
    lines += grouped(found, _flag)
    short = short_of(type(config)).items()
    if config.by_model:
        lines += ["", f"--model {'|'.join(config.by_model)}: another recipe, {', '.join(config.by_model.values())}."]
    lines += ["", "short:", *(f"  {_flag(name)} = {', '.join(places)}" for name, places in short)]
    if not everything:
        lines += ["", "All of them: --help-all."]
    return "\n".join(lines)


def short_of(kind: type[Config]) -> dict[str, tuple[str, ...]]:
    """Short keys, each with the settings that it stands for."""
    budget = {} if "budget" in kind.fixed else {word: (f"budget.{word}",) for word in BUDGET}
    return {**budget, **kind.aliases}


def grouped(found: Sequence[Described], name: Callable[[str], str] = str) -> list[str]:
    """Settings with what is set, what it means and what it may be, those of one head together, as lines.

    Args:
        found: the settings.
        name: how a key is written.
    """
    heads = {one.key.partition(".")[0] for one in found if one.depth}
    groups: dict[str, list[str]] = {}
    for one in found:
        head = one.key.partition(".")[0]
        group = head if head in heads else "run"
        lines = groups.setdefault(group, ["", f"{group}:"])
        if one.value == "…" and not one.depth:
            lines[1] += f"  {one.text}"
        else:
            lines += _lines(one, name)
    return [line for lines in groups.values() for line in lines]


def options_help(kind: type[Settings], title: str) -> str:
    """The options of a model or of a task's evaluation as flags; empty where there are none."""
    lines = [line for one in described(kind()) for line in _lines(one, _flag)]
    return "\n".join([title, *lines]) if lines else ""


def _lines(one: Described, name: Callable[[str], str]) -> list[str]:
    means = f"{one.text} ({one.kind})" if one.text else one.kind
    return [f"  {name(one.key)} {_shown(one.value)}", f"      {means}"]


def _is_rare(one: Described) -> bool:
    return one.key.partition(".")[0] in _RARE or one.depth > 1 or one.key == "data.given"


def _flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(str, value)) or "[]"
    return "none" if value is None else str(value)
