# SPDX-License-Identifier: MIT
"""torch.optim's classes over this library: descend.torch.Adam for torch.optim.Adam, in an unchanged training loop.

`python3 -m descend.torch --help` converts torch's checkpoints to the library's files and back.
"""

from descend.torch.classes import (ASGD, SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Momentum, NAdam, RAdam, RMSprop,
                                   Rprop)

__all__ = ["ASGD", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Momentum", "NAdam", "RAdam", "RMSprop",
           "Rprop"]
