"""Generative adversarial networks as smooth games, solved by a general iterative method x⁺ = T(x)."""

__version__ = "0.1.0"
