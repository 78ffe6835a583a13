"""Penalties: pure functions given what a critic saw."""

from saddlepoint.penalties.gradient import R1, R2, CriticPass, GradientPenalty, Penalty

PENALTIES: dict[str, type[Penalty]] = {"r1": R1, "r2": R2, "gradient-penalty": GradientPenalty}

__all__ = ["PENALTIES", "R1", "R2", "CriticPass", "GradientPenalty", "Penalty"]
