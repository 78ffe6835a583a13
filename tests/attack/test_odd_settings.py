"""Whatever settings are accepted read back equal; whatever is not is refused in a sentence."""

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saddlepoint.configuration import ConfigurationError, assign_values, described, parse_value
from saddlepoint.tasks import Config, recipes
from saddlepoint.tasks.registry import check_reads_back

RECIPES = recipes()
KEYS = {name: [one.key for one in described(config)] for name, config in RECIPES.items()}

numbers = st.one_of(
    st.integers(),
    st.integers(0, 64),
    st.sampled_from([10**400, -(10**400), 2**63, -1, 0, 1, 2]),
    st.floats(),
    st.floats(0, 1),
    st.sampled_from([math.inf, -math.inf, math.nan, 1e-320, 1e308, 0.1, 1e-4]),
)
words = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["none", "on", "off", "yes", "null", "~", "1e3", ".inf", "nan", "2024-13-45", "12:30:45", "0x10", "a,b", "\x85"]
    ),
    st.sampled_from(sorted({str(one.value) for config in RECIPES.values() for one in described(config)})),
)
plain = st.recursive(
    st.one_of(numbers, words, st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)
typed = st.one_of(plain.map(str), words).map(lambda text: ("typed", text))
values = st.one_of(plain.map(lambda value: ("given", value)), typed)


@st.composite
def configurations(draw: st.DrawFn) -> tuple[str, list[tuple[str, Any]]]:
    """A recipe, and a few assignments to keys that it has, or nearly has."""
    name = draw(st.sampled_from(sorted(RECIPES)))
    found = []
    for _ in range(draw(st.integers(1, 4))):
        key = draw(st.one_of(st.sampled_from(KEYS[name]), st.sampled_from(KEYS[name]).map(lambda k: f"{k}.x"), words))
        kind, value = draw(values)
        if kind == "typed":
            try:
                value = parse_value(value)
            except ConfigurationError:
                continue
        found.append((key, value))
    return name, found


def check(chosen: tuple[str, list[tuple[str, Any]]]) -> bool:
    """Whether the settings are accepted; they then read back equal."""
    name, assignments = chosen
    config: Config = RECIPES[name]
    try:
        config = assign_values(config, dict(assignments))
        check_reads_back(config)
    except ConfigurationError:
        return False
    again = type(config).read(config.plain())
    assert again.plain() == config.plain()
    assert again.same_run(config)
    return True


relaxed = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@settings(max_examples=120, deadline=None, derandomize=True, database=None, suppress_health_check=relaxed)
@given(configurations())
def test_what_is_accepted_reads_back_equal(chosen: tuple[str, list[tuple[str, Any]]]) -> None:
    check(chosen)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, derandomize=True, database=None, suppress_health_check=relaxed)
@given(configurations())
def test_ten_thousand_configurations_read_back_equal(chosen: tuple[str, list[tuple[str, Any]]]) -> None:
    check(chosen)


@pytest.mark.parametrize("key", ["recipe", "task", "game", "schema_version"])
def test_what_a_recipe_is_can_not_be_set(key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{key} can't be set"):
        assign_values(RECIPES["digits"], {key: "hinge"})


@pytest.mark.parametrize("text", ["[" * 50_000, "{a: " * 5_000, "&a [*a]", "!!python/name:os.system", "a: b: c"])
def test_a_value_that_can_not_be_read_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ConfigurationError, match="can't be read: quote it") as caught:
        parse_value(text)
    assert len(str(caught.value)) < 300
