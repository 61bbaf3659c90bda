# SPDX-License-Identifier: MIT
"""descend-train's network written again, from its description and in double: 2 linear layers, ReLU, softmax
cross-entropy, SGD. Only the random numbers follow the tool's float32 and PCG32 to the bit."""

import math
import struct
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path[:0] = [str(TOOLS / "compare"), str(TOOLS / "python")]
from comparison.batches import Pcg32, batches  # pylint: disable=wrong-import-position


def float32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def draw_layer(source, inputs, outputs):
    """Weights (a list of inputs for each output) and biases, as torch.nn.Linear draws them."""
    bound = float32(1 / math.sqrt(inputs))
    weights = [[float32(bound * (2 * source.unit() - 1)) for _ in range(inputs)] for _ in range(outputs)]
    return weights, [float32(bound * (2 * source.unit() - 1)) for _ in range(outputs)]


def linear(weights, biases, values):
    return [bias + math.fsum(w * x for w, x in zip(row, values)) for row, bias in zip(weights, biases)]


def sgd_losses(images, labels, *, hidden, seed, lr, batch, epochs):
    """The mean loss of each step's batch, before the step's update."""
    source = Pcg32(seed, 1)
    layers = [draw_layer(source, len(images[0]), hidden), draw_layer(source, hidden, 10)]
    return [step(layers, images, labels, chosen, lr) for chosen in batches(len(images), batch, epochs, seed)]


def step(layers, images, labels, chosen, lr):
    (weights1, biases1), (weights2, biases2) = layers
    loss, changes = 0.0, []
    for index in chosen:
        hidden = [max(0.0, z) for z in linear(weights1, biases1, images[index])]
        scores = linear(weights2, biases2, hidden)
        largest = max(scores)
        powers = [math.exp(score - largest) for score in scores]
        total = math.fsum(powers)
        loss -= math.log(powers[labels[index]] / total)
        by_score = [power / total - (j == labels[index]) for j, power in enumerate(powers)]
        by_hidden = [math.fsum(g * weights2[j][i] for j, g in enumerate(by_score)) if hidden[i] > 0 else 0.0
                     for i in range(len(hidden))]
        changes.append((weights1, biases1, by_hidden, images[index]))
        changes.append((weights2, biases2, by_score, hidden))
    for weights, biases, by_output, values in changes:  # only now: every image sees the same weights
        for j, slope in enumerate(by_output):
            rate = lr * slope / len(chosen)
            biases[j] -= rate
            for i, value in enumerate(values):
                weights[j][i] -= rate * value
    return loss / len(chosen)
