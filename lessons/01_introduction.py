# %% [markdown]
# # 1. Introduction: a function made of layers
#
# You will write a network in ten lines of plain Python, let it learn, and then watch a larger one untangle two
# spirals, layer by layer, in seconds.
#
# *Before this:* Python, a little NumPy, what a slope is. *Takes:* half an hour to read, some ten seconds to run
# (`python lessons/01_introduction.py`; `--fast` for less, `--full` over more seeds, `--show` opens the pictures).

# %%
from __future__ import annotations

import itertools
import math
import os
import random
import sys
import time
from pathlib import Path

import numpy as np

SHOW, FAST, FULL = ("--show" in sys.argv, "--fast" in sys.argv, "--full" in sys.argv)
if not SHOW and "ipykernel" not in sys.modules:
    os.environ["MPLBACKEND"] = "Agg"  # draw into files, without a window

import matplotlib.pyplot as plt
from tqdm import tqdm

import minideep
import minideep.nn.functional as F

OUT = Path("out", "01_introduction")
OUT.mkdir(parents=True, exist_ok=True)
plt.rcParams["figure.constrained_layout.use"] = True
BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#666666"  # told apart by every kind of eyes

# Knobs: change one, run again, and see what gives.
HIDDEN_LAYERS = 3
WIDTH = 12  # numbers that each hidden layer puts out
TURNS = 1.5  # how often each spiral winds around the middle
LEARNING_RATE = 0.05
STEPS = 250 if FAST else 700
SEEDS = range(2 if FAST else 20 if FULL else 3)


def save(figure: plt.Figure, name: str) -> None:
    figure.savefig(OUT / f"{name}.png", dpi=120)
    if SHOW:
        plt.show()
    plt.close(figure)


# %% [markdown]
# ## The idea in one picture
#
# Learning means: find a function $f: \mathcal{X} \to \mathcal{Y}$ from examples. *Deep* learning takes $f$ from one
# large family: compositions of simple functions, called layers,
#
# $$f(x) = f^{(L)}(f^{(L-1)}(\dots f^{(2)}(f^{(1)}(x)))), \qquad f^{(l)}(h) = \max(0,\ h\,W^{(l)} + b^{(l)}).$$
#
# Each layer multiplies, adds and bends. The numbers in $W^{(l)}$ and $b^{(l)}$ are all there is to learn. To learn them
# we say how bad the result is, the *loss*, and ask of every number: which way must you move to make it smaller?


# %%
def draw_composition() -> None:
    figure, axes = plt.subplots(figsize=(9, 2.4))
    names = ["$x$", "$f^{(1)}$", "$f^{(2)}$", "$f^{(3)}$", "loss"]
    for position, name in enumerate(names):
        colour = BLUE if name.startswith("$f") else GREY
        axes.text(position, 0, name, ha="center", va="center", fontsize=17, color="white",
                  bbox={"boxstyle": "round,pad=0.5", "facecolor": colour, "edgecolor": "none"})  # fmt: skip
        if position:
            forward = {"arrowstyle": "-|>", "color": BLUE, "lw": 2}
            backward = {"arrowstyle": "-|>", "color": ORANGE, "lw": 2, "connectionstyle": "arc3,rad=-0.5"}
            axes.annotate("", (position - 0.27, 0), (position - 0.73, 0), arrowprops=forward)
            axes.annotate("", (position - 0.95, -0.3), (position - 0.05, -0.3), arrowprops=backward)
    axes.text(2, 0.42, "forward: compute the result, layer after layer", ha="center", color=BLUE, fontsize=12)
    axes.text(2, -0.95, "backward: ask every number which way it should move", ha="center", color=ORANGE, fontsize=12)
    axes.set(xlim=(-0.5, 4.5), ylim=(-1.1, 0.6), title="A network is a composition: there and back again")
    axes.axis("off")
    save(figure, "1_composition")


draw_composition()

# %% [markdown]
# ## The smallest version that works
#
# One point goes through all layers, in loops. The last layer gives two numbers, one score for each class. The loss of
# a point is $-\log p$ of its true class, where $p = e^{s_\text{true}} / (e^{s_0} + e^{s_1})$: near 0 if the network is
# sure and right, large if it is sure and wrong.


# %%
def network_in_loops(layers: list, point: list[float]) -> list[float]:
    """f(x) of one point; `layers` holds a pair (weight, bias) for each layer."""
    for number, (weight, bias) in enumerate(layers, start=1):
        sums = [sum(x * row[j] for x, row in zip(point, weight, strict=True)) + bias[j] for j in range(len(bias))]
        point = [max(0.0, s) for s in sums] if number < len(layers) else sums
    return point


def loss_in_loops(layers: list, points: list, classes: list[int]) -> float:
    total = 0.0
    for point, true in zip(points, classes, strict=True):
        scores = network_in_loops(layers, point)
        total += math.log(sum(math.exp(s) for s in scores)) - scores[true]
    return total / len(points)


def slopes_by_nudging(layers: list, points: list, classes: list[int], nudge: float = 1e-5) -> list[float]:
    """How fast the loss grows with each number: move it a little up, a little down, and look."""
    slopes = []
    rows = [row for weight, bias in layers for row in (*weight, bias)]
    for row in rows:
        for j in range(len(row)):
            kept = row[j]
            row[j] = kept + nudge
            above = loss_in_loops(layers, points, classes)
            row[j] = kept - nudge
            below = loss_in_loops(layers, points, classes)
            row[j] = kept
            slopes.append((above - below) / (2 * nudge))
    return slopes


# %% [markdown]
# That is all: move every number a little against its slope, again and again, and the loss goes down. Here the network
# learns XOR, which no single layer can (lesson 2 proves it).

# %%
random.seed(0)
corners, xor = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0]
small = [([[random.gauss(0, 1) for _ in range(b)] for _ in range(a)], [0.0] * b) for a, b in [(2, 6), (6, 2)]]
before = loss_in_loops(small, corners, xor)
for _ in range(150):
    slopes = iter(slopes_by_nudging(small, corners, xor))
    for row in [row for weight, bias in small for row in (*weight, bias)]:
        row[:] = [value - 0.5 * next(slopes) for value in row]
after = loss_in_loops(small, corners, xor)
answers = [int(scores[1] > scores[0]) for scores in (network_in_loops(small, corner) for corner in corners)]
print(f"XOR by nudging: the loss falls from {before:.2f} to {after:.2f}, the answers are {answers}")
assert answers == xor

# %% [markdown]
# ## The engine's version
#
# Nudging needs two runs of the network for every number in it. The engine finds all slopes with one run forward and one
# backward: a tensor remembers how it was computed, and `backward` walks that way in reverse (lesson 2 builds it).
# A layer is now one line, on all points at once.


# %%
def network(layers: list, x: minideep.Tensor) -> list[minideep.Tensor]:
    """What comes out of every layer, the input first."""
    outputs = [x]
    for number, (weight, bias) in enumerate(layers, start=1):
        sums = outputs[-1] @ weight + bias
        outputs.append(minideep.relu(sums) if number < len(layers) else sums)
    return outputs


def loss_of(layers: list, x: minideep.Tensor, classes: minideep.Tensor) -> minideep.Tensor:
    return F.cross_entropy(network(layers, x)[-1], classes)


# %% [markdown]
# **Both agree.** The same numbers go in, as float64; loss and slopes must come out the same, but for the error of the
# nudging itself, which is about $10^{-10}$.

# %%
same = [[minideep.tensor(part, dtype=minideep.float64, requires_grad=True) for part in layer] for layer in small]
loss = loss_of(same, minideep.tensor(corners, dtype=minideep.float64), minideep.tensor(xor))
loss.backward()
engine_slopes = np.concatenate([part.grad.numpy().ravel() for layer in same for part in layer])
nudged_slopes = np.array(slopes_by_nudging(small, corners, xor))
loss_difference = abs(loss.item() - after)
slope_difference = float(np.abs(engine_slopes - nudged_slopes).max())
print(f"loops and engine differ by {loss_difference:.0e} in the loss and {slope_difference:.0e} in the slopes")


# %% [markdown]
# ## The experiment: two spirals
#
# Two spirals, wound into one another: given a point of the plane, say on which it lies. No straight line helps.


# %%
def spirals(count: int, rng: np.random.Generator) -> tuple[minideep.Tensor, np.ndarray]:
    """Points of two spirals, and the number (0 or 1) of the spiral each is on."""
    classes = np.arange(count) % 2
    radius = np.sqrt(rng.uniform(0.02, 1, count))
    angle = 2 * np.pi * TURNS * radius + np.pi * classes
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1) + rng.normal(0, 0.02, (count, 2))
    return minideep.tensor(points, dtype=minideep.float32), classes


def moons(count: int, rng: np.random.Generator) -> tuple[minideep.Tensor, np.ndarray]:
    """Points of two half-circles that reach into one another: another task, for the same network."""
    classes = np.arange(count) % 2
    angle = np.pi * (rng.uniform(0, 1, count) + classes)
    points = np.stack([np.cos(angle) + classes, np.sin(angle) + classes / 2], axis=1) + rng.normal(0, 0.1, (count, 2))
    return minideep.tensor(points, dtype=minideep.float32), classes


def new_layers(hidden_layers: int, rng: np.random.Generator) -> list:
    """Random weights, scaled so that signals neither fade nor explode (lesson 8), and biases of 0."""
    sizes = [2, *[WIDTH] * hidden_layers, 2]
    layers = []
    for a, b in itertools.pairwise(sizes):
        weight = minideep.tensor(rng.normal(0, math.sqrt(2 / a), (a, b)), dtype=minideep.float32, requires_grad=True)
        layers.append((weight, minideep.zeros(b, requires_grad=True)))
    return layers


def train(layers: list, x: minideep.Tensor, classes: np.ndarray) -> list[float]:
    """Move against the slopes, with momentum: keep nine tenths of the last move, so that steady slopes add up."""
    numbers = [part for layer in layers for part in layer]
    moves = [minideep.zeros_like(part) for part in numbers]
    targets = minideep.tensor(classes)
    losses = []
    for _ in range(STEPS):
        loss = loss_of(layers, x, targets)
        slopes = minideep.autograd.grad(loss, numbers)
        with minideep.no_grad():
            for part, slope, move in zip(numbers, slopes, moves, strict=True):
                move.mul_(0.9).sub_(slope)
                part.add_(move, alpha=LEARNING_RATE)
        losses.append(loss.item())
    return losses


def accuracy(layers: list, x: minideep.Tensor, classes: np.ndarray) -> float:
    """The share of points whose true class gets the higher score."""
    return float((network(layers, x)[-1].argmax(1).numpy() == classes).mean())


# %% [markdown]
# Networks with no, one, two and three hidden layers, each trained on 400 points and judged on 2,000 it never saw.

# %%
start = time.perf_counter()
by_depth: dict[int, list[float]] = {}
curves, trained = {}, {}
for depth in tqdm(range(HIDDEN_LAYERS + 1), desc="by depth", disable=None):  # None: only where someone is watching
    by_depth[depth] = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        (x, classes), (unseen, unseen_classes) = spirals(400, rng), spirals(2000, rng)
        layers = new_layers(depth, rng)
        curve = train(layers, x, classes)
        by_depth[depth].append(accuracy(layers, unseen, unseen_classes))
        curves.setdefault(depth, curve)
        trained.setdefault(depth, layers)
runs = len(by_depth) * len(SEEDS)
print(f"{runs} networks trained for {STEPS} steps each in {time.perf_counter() - start:.1f} s")


def draw_training() -> None:
    figure, axes = plt.subplots(figsize=(6, 3.6))
    for depth, style in zip(curves, [":", "-.", "--", "-"] * 3, strict=False):
        axes.plot(curves[depth], style, color=[GREY, ORANGE, BLUE, "black"][depth % 4], label=f"{depth} hidden")
    axes.set(xlabel="step", ylabel="loss", yscale="log", title="With more layers the loss falls further")
    axes.legend()
    save(figure, "2_training")


def draw_decisions() -> None:
    side = np.linspace(-1.15, 1.15, 120)
    plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    points, classes = (part[:400] for part in spirals(2000, np.random.default_rng(1)))
    figure, panels = plt.subplots(1, len(trained), figsize=(3.2 * len(trained), 3.8), sharey=True, layout="compressed")
    for (depth, layers), axes in zip(trained.items(), panels, strict=True):
        scores = network(layers, minideep.tensor(plane, dtype=minideep.float32))[-1]
        chance = F.softmax(scores, dim=1)[:, 1].reshape(120, 120).detach().numpy()
        axes.contourf(side, side, chance, levels=[0, 0.5, 1], colors=[BLUE, ORANGE], alpha=0.3)
        for number, (colour, marker) in enumerate([(BLUE, "o"), (ORANGE, "^")]):
            axes.scatter(*points.numpy()[classes == number].T, s=7, color=colour, marker=marker)
        axes.set(title=f"{depth} hidden: {by_depth[depth][0]:.0%}", xlabel="$x_1$", aspect="equal")
    panels[0].set_ylabel("$x_2$")
    figure.suptitle("Every hidden layer bends the border further (accuracy on points never seen)")
    save(figure, "3_decisions")


draw_training()
draw_decisions()

# %% [markdown]
# ## Features, layer by layer
#
# What have the hidden layers done? Put a straight line (the best by least squares) after each layer, and count what it
# gets right: the spirals become easier to tell apart, until a line is enough after the last one. (A hidden layer puts
# out twelve numbers for a point; the picture shows them along the two directions in which they spread most.)


# %%
def best_line(outputs: np.ndarray, classes: np.ndarray) -> float:
    """The accuracy of the best straight line, or hyperplane, through what a layer puts out."""
    with_one = np.column_stack([outputs, np.ones(len(outputs))])
    line = np.linalg.lstsq(with_one, 2.0 * classes - 1, rcond=None)[0]
    return float(((with_one @ line > 0) == classes).mean())


points, classes = spirals(2000, np.random.default_rng(100))
outputs = [layer.detach().numpy() for layer in network(trained[HIDDEN_LAYERS], points)][:-1]
separable = [best_line(output, classes) for output in outputs]


def draw_features() -> None:
    figure, panels = plt.subplots(1, len(outputs), figsize=(3.2 * len(outputs), 3.6))
    for number, (output, share, axes) in enumerate(zip(outputs, separable, panels, strict=True)):
        centred = output - output.mean(axis=0)
        flat = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T  # the two directions of largest spread
        for side, (colour, marker) in enumerate([(BLUE, "o"), (ORANGE, "^")]):
            axes.scatter(*flat[classes == side].T, s=4, color=colour, marker=marker)
        axes.set(title=("the input" if number == 0 else f"layer {number}") + f": a line gets {share:.0%}",
                 xlabel="widest direction", xticks=[], yticks=[])  # fmt: skip
    panels[0].set_ylabel("second widest")
    figure.suptitle("Layer by layer the spirals come apart")
    save(figure, "4_features")


draw_features()

# %% [markdown]
# ## More data, better results
#
# The same network, trained on 20 to 600 points: mean and spread over the seeds.

# %%
COUNTS = [20, 60, 200, 600]
by_count = np.zeros((len(COUNTS), len(SEEDS)))
for i, count in enumerate(tqdm(COUNTS, desc="by data", disable=None)):
    for j, seed in enumerate(SEEDS):
        rng = np.random.default_rng(200 + seed)
        layers = new_layers(HIDDEN_LAYERS, rng)
        train(layers, *spirals(count, rng))
        by_count[i, j] = accuracy(layers, *spirals(2000, rng))
means = by_count.mean(axis=1)

figure, axes = plt.subplots(figsize=(6, 3.6))
axes.errorbar(COUNTS, means, by_count.std(axis=1), fmt="o-", color=BLUE, capsize=4)
axes.axhline(0.5, color=GREY, linestyle=":", label="guessing")
axes.set(xscale="log", xlabel="points to learn from", ylabel="accuracy on unseen points", ylim=(0.45, 1.03),
         xticks=COUNTS, xticklabels=COUNTS, title="More data, better results")  # fmt: skip
axes.minorticks_off()
axes.legend()
save(figure, "5_data")

rng = np.random.default_rng(0)
moon_layers = new_layers(HIDDEN_LAYERS, rng)
train(moon_layers, *moons(400, rng))
moon_accuracy = accuracy(moon_layers, *moons(2000, rng))

# %% [markdown]
# ## Claims
#
# What the chapter says, and what came out here. Tolerances: the slopes by nudging are exact to about $10^{-10}$;
# accuracies move by one or two hundredths from seed to seed.

# %%
shallow, deep = np.mean(by_depth[0]), np.mean(by_depth[HIDDEN_LAYERS])
claims = [
    ("a network is a composition of layers", "f = f3(f2(f1(x)))", f"loops = engine to {loss_difference:.0e}",
     loss_difference < 1e-12),
    ("the slopes are the engine's to give", "(lesson 2)", f"nudged = engine to {slope_difference:.0e}",
     slope_difference < 1e-8),
    ("deep: several layers do what one cannot", "yes", f"hidden 0: {shallow:.0%}, {HIDDEN_LAYERS}: {deep:.0%}",
     shallow < 0.75 and deep > 0.95),
    ("features grow in a hierarchy", "yes", " → ".join(f"{share:.0%}" for share in separable),
     min(np.diff(separable)) > -0.02 and separable[-1] > 0.95),
    ("more data, better results", "yes", " → ".join(f"{mean:.0%}" for mean in means),
     min(np.diff(means)) > -0.02 and means[-1] > means[0] + 0.1),
    ("versatile: other tasks, same lines", "yes", f"two moons: {moon_accuracy:.0%}", moon_accuracy > 0.97),
]  # fmt: skip
print(f"\n{'claim':40}  {'document':18}  {'here':32}  verdict")
for claim, document, here, holds in claims:
    print(f"{claim:40}  {document:18}  {here:32}  {'holds' if holds else 'FAILS'}")
assert all(holds for *_, holds in claims)

# %% [markdown]
# ## What broke, and what comes next
#
# With no hidden layer the loss stops falling: a single layer draws a straight line, however long it learns. That was
# the wall the field stood before in 1969; lesson 2 tells how it came to stand there, and how it got over it.
#
# ## Exercises
#
# 1. Set `TURNS = 2.5`. How many layers, how wide, how many steps does it take now?
# 2. Take the `max(0, …)` out of `network`. Why are three layers then no better than one? Write the product of the
#    three weights as one matrix, and check.
# 3. Count how often `slopes_by_nudging` calls the network for the three-layer network of the experiment. How long would
#    one step take that way?
# 4. Replace ReLU by `minideep.tanh`. Which of the figures change, and which do not?
#
# ## References
#
# - I. Goodfellow, Y. Bengio, A. Courville (2016): *Deep Learning*, chapter 6. <https://www.deeplearningbook.org>
# - Y. LeCun, Y. Bengio, G. Hinton (2015): Deep learning. *Nature* 521. <https://doi.org/10.1038/nature14539>
# - K. J. Lang, M. J. Witbrock (1988): Learning to tell two spirals apart. *Proceedings of the 1988 Connectionist Models
#   Summer School.* The task that back-propagation was long said to find hard.
