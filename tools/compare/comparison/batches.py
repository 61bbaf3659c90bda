# SPDX-License-Identifier: MIT
"""The random numbers and the batch order of descend-train, whose random.h describes them."""


class Pcg32:
    """O'Neill's PCG32 (XSH-RR)."""

    def __init__(self, seed, stream):
        self.increment = (2 * stream + 1) % 2**64
        self.state = (self.increment + seed) % 2**64
        self.next()

    def next(self):
        old = self.state
        self.state = (old * 6364136223846793005 + self.increment) % 2**64
        word = ((old >> 18 ^ old) >> 27) % 2**32
        turn = old >> 59
        return (word >> turn | word << (32 - turn)) % 2**32

    def below(self, bound):
        while True:
            value = self.next()
            if value >= 2**32 % bound:
                return value % bound

    def unit(self):
        return (self.next() >> 8) / 2**24


def batches(images, batch, epochs, seed):
    """The images of each step's batch, as a list of their indices."""
    source = Pcg32(seed, 2)
    order = list(range(images))
    for _ in range(epochs):
        for left in range(images, 1, -1):
            pick = source.below(left)
            order[pick], order[left - 1] = order[left - 1], order[pick]
        for first in range(0, images, batch):
            yield order[first : first + batch]
