"""What a shell may complete: recipes, data, flags, settings and their values."""

from typing import Any

from saddlepoint.cli.declared import declared

#: Flags of which --set is one: their value is a setting with its own.
SET = "--set"


def suggestions(ctx: Any, incomplete: str) -> list[tuple[str, str]]:
    """What may stand where the cursor is, with a word on each; nothing where files are to be completed.

    Args:
        ctx: of the command, whose words before the cursor are its arguments.
        incomplete: the word that is begun.
    """
    from saddlepoint.cli.known import known

    before = [word for word in (*(ctx.params.get("words") or ()), *ctx.args) if word != "="]  # bash parts words at it
    return [(word, text) for word, text in after(ctx.info_name, before, incomplete, known()) if _fits(word, incomplete)]


def after(command: str, before: list[str], incomplete: str, known: dict[str, Any]) -> list[tuple[str, str]]:
    """All that may follow the words before the cursor.

    >>> lists = {"recipes": ["", [["digits", "Small."]]]}
    >>> settings = {"digits": {"method": ["simultaneous", "alternating"], "seed": []}}
    >>> known = {"lists": lists, "settings": settings}
    >>> after("train", [], "", known)
    [('digits', 'Small.')]
    >>> after("train", ["digits", "--method"], "", known)
    [('simultaneous', ''), ('alternating', '')]
    >>> after("train", ["digits", "--set"], "method=al", known)
    [('method=simultaneous', ''), ('method=alternating', '')]
    """
    lists, flags = known["lists"], flags_of(command)
    recipe = next((word for word in before if word in known["settings"]), None)
    settings: dict[str, list[str]] = known["settings"].get(recipe, {})
    last = before[-1] if before else ""
    if last == SET:
        key, equals, _ = incomplete.partition("=")
        if not equals:
            return [(f"{key}=", "") for key in settings]
        return [(f"{key}={value}", "") for value in settings.get(key, [])]
    if before[-2:-1] == [SET] and "=" not in last:
        return [(value, "") for value in settings.get(last, [])]
    if last == "--data":
        return _rows(lists["data"])
    if incomplete.startswith("-"):
        return [*flags.items(), *((_flag(key), "") for key in settings if _flag(key) not in flags)]
    if last.startswith("--") and (values := settings.get(last[2:].replace("-", "_"))):
        return [(value, "") for value in values]
    if command in ("train", "compare") and recipe is None and not last.startswith("--"):
        return _rows(lists["recipes"])
    if command == "solve" and not before:
        return _rows(lists["games"])
    if command == "list":
        if not before:
            return [*((kind, "") for kind in lists), ("settings", "Of a recipe.")]
        if before == ["settings"]:
            return _rows(lists["recipes"])
        return [(key, "") for key in settings]
    return []


def flags_of(command: str) -> dict[str, str]:
    """The flags that a command declares, with their help."""
    found: dict[str, str] = {}
    for one in declared()["commands"].get(command, {"parameters": []})["parameters"]:
        for words in one.get("option", []):
            found |= {flag: one.get("help", "") for flag in words.split("/") if flag.startswith("--")}
    return {**found, "--help": "Show this message and exit."} if command in declared()["commands"] else {}


def _rows(listed: list[Any]) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in listed[1]]


def _flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _fits(word: str, incomplete: str) -> bool:
    """Whether a word goes on from what is begun; inner settings are shown once their outer one is typed."""
    return word.startswith(incomplete) and "." not in word[len(incomplete) :].rstrip(".")
