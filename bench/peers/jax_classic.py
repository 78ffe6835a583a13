"""The classical GAN's step in JAX, `jit` over a `scan` of steps: a peer of `bench/suite.py`; needs jax and numpy alone.

The networks, loss, optimizer and batches of the recipe `classic`: 100-128-128-784 and 784-128-128-1, slope 0.2, a
sigmoid, cross-entropy, Adam 1e-4 with (0.5, 0.999), the discriminator first, both on one batch, the generator's
forward pass in each of both losses.

    python jax_classic.py BATCH        then a number of steps a line on stdin; milliseconds a step, wall and CPU, back
"""

import json
import sys
import time
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

SIZES = {"generator": (100, 128, 128, 784), "discriminator": (784, 128, 128, 1)}
RATE, BETAS, EPS, CHUNK = 1e-4, (0.5, 0.999), 1e-8, 20
Tree = Any


def initial(rng: np.random.Generator, sizes: tuple[int, ...]) -> list[tuple[Tree, Tree]]:
    pairs = pairwise(sizes)
    return [(jnp.asarray(rng.standard_normal(p, np.float32) * p[0] ** -0.5), jnp.zeros(p[1])) for p in pairs]


def mlp(layers: list[tuple[Tree, Tree]], x: Tree) -> Tree:
    for weight, bias in layers[:-1]:
        x = jax.nn.leaky_relu(x @ weight + bias, 0.2)
    weight, bias = layers[-1]
    return x @ weight + bias


def generate(g: Tree, z: Tree) -> Tree:
    return jax.nn.sigmoid(mlp(g, z))


def d_loss(d: Tree, g: Tree, real: Tree, z: Tree) -> Tree:
    return jax.nn.softplus(-mlp(d, real)).mean() + jax.nn.softplus(mlp(d, generate(g, z))).mean()


def g_loss(g: Tree, d: Tree, z: Tree) -> Tree:
    return jax.nn.softplus(-mlp(d, generate(g, z))).mean()


def adam(player: Tree, gradient: Tree, memory: Tree, t: Tree) -> tuple[Tree, Tree]:
    first, second = memory
    first = jax.tree.map(lambda m, g: BETAS[0] * m + (1 - BETAS[0]) * g, first, gradient)
    second = jax.tree.map(lambda v, g: BETAS[1] * v + (1 - BETAS[1]) * g * g, second, gradient)
    a, b = RATE / (1 - BETAS[0] ** t), 1 / jnp.sqrt(1 - BETAS[1] ** t)
    moved = jax.tree.map(lambda p, m, v: p - a * m / (jnp.sqrt(v) * b + EPS), player, first, second)
    return moved, (first, second)


def step(state: Tree, batch: Tree) -> tuple[Tree, Tree]:
    g, d, of_g, of_d, t = state
    real, z = batch
    t = t + 1
    loss_d, slope = jax.value_and_grad(d_loss)(d, g, real, z)
    d, of_d = adam(d, slope, of_d, t)
    loss_g, slope = jax.value_and_grad(g_loss)(g, d, z)
    g, of_g = adam(g, slope, of_g, t)
    return (g, d, of_g, of_d, t), (loss_d, loss_g)


def zeros(tree: Tree) -> tuple[Tree, Tree]:
    return jax.tree.map(jnp.zeros_like, tree), jax.tree.map(jnp.zeros_like, tree)


def main() -> None:
    """Answer blocks of steps, a line each."""
    size, rng = int(sys.argv[1]), np.random.default_rng(0)
    g, d = (initial(rng, sizes) for sizes in SIZES.values())
    state = (g, d, zeros(g), zeros(d), jnp.float32(0))
    images = rng.random((1797, 784), dtype=np.float32)
    many = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches), donate_argnums=0)
    print(json.dumps({"ready": f"jax {jax.__version__}"}), flush=True)
    for line in sys.stdin:
        chunks = max(1, int(line) // CHUNK)
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(chunks):
            real = images[rng.integers(0, len(images), (CHUNK, size))]
            z = rng.random((CHUNK, size, 100), dtype=np.float32) * 2 - 1
            state, losses = many(state, (real, z))
            if not all(bool(jnp.isfinite(loss).all()) for loss in losses):
                raise ArithmeticError("a loss is not finite")
        steps = chunks * CHUNK
        print(
            json.dumps(
                [(now - was) / steps * 1e3 for now, was in ((time.perf_counter(), wall), (time.process_time(), cpu))]
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
