"""Who is who: the players that a method gives a role to, by name or by their place in the game."""

from collections.abc import Sequence


def turns(names: Sequence[str], order: Sequence[str] | None) -> tuple[str, ...]:
    """Who moves, first to last: the given order, or the game's players from the last to the first.

    A game lists its generator first, so that by default the discriminator moves first.

    Raises:
        ValueError: the order names a player that the game has not.

    >>> turns(["generator", "critic"], None)
    ('critic', 'generator')
    """
    return tuple(reversed(names)) if order is None else tuple(known(names, name) for name in order)


def pair(
    names: Sequence[str], first: str | None, second: str | None, roles: tuple[str, str] = ("leader", "follower")
) -> tuple[str, str]:
    """Two players with different roles: those that are named, or in a game of two the first and the second.

    Args:
        names: the game's players, in its order.
        first, second: who has the roles; None leaves it to the place in the game.
        roles: what the arguments of the method are called.

    Raises:
        ValueError: a player that the game has not, both roles for one player, or no names in a game that has not two
            players.

    >>> pair(["generator", "critic"], None, None), pair(["generator", "critic"], "critic", None)
    (('generator', 'critic'), ('critic', 'generator'))
    """
    for name in (first, second):
        if name is not None:
            known(names, name)
    if first is None and second is None and len(names) == 2:
        return names[0], names[1]
    if first is None or second is None:
        others = [name for name in names if name not in (first, second)]
        if len(names) != 2 or len(others) != 1:
            raise ValueError(
                f"this method is for two players, and the game has {list(names)}: "
                f"name two of them by {roles[0]}= and {roles[1]}=, or take the method simultaneous"
            )
        return (others[0], second) if second is not None else (first or "", others[0])
    if first == second:
        raise ValueError(f"{roles[0]} and {roles[1]} are both {first!r}: give two different players of {list(names)}")
    return first, second


def known(names: Sequence[str], name: str) -> str:
    """The name, where a player has it. Raises ValueError otherwise."""
    if name not in names:
        raise ValueError(f"the game has no player {name!r}: its players are {list(names)}")
    return name
