"""A whole training step as one graph that is compiled ahead of time."""
