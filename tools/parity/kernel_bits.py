#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How many bits PyTorch's kernels for this processor change in an optimizer: a table in Markdown.

PyTorch and descend.torch, whose bits are those of PyTorch's baseline kernels, take the same steps with the same
gradients. After 10 and after 1000 steps: which part of the parameters differs, and by how many ulp at most. With
ATEN_CPU_CAPABILITY=default in the environment PyTorch runs its baseline kernels.
"""

import pathlib
import re
import sys

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "python"))

try:
    import torch
except ImportError as error:
    print(f"kernel_bits.py: skipped: {error} (Debian: python3-torch)")
    sys.exit(0)
import descend.torch  # noqa: E402
import torch_nadam  # noqa: E402

N = 1 << 16
STEPS = (10, 1000)
RATES = {"SGD": 0.01, "Momentum": 0.01}  # of the classes that have no default


def ulps(a, b):
    """The distance of each two numbers, in numbers of float32."""
    a, b = (array.view(torch.int32).long() for array in (a, b))
    a, b = (torch.where(array < 0, -(1 << 31) - array, array) for array in (a, b))
    return (a - b).abs()


def compare(name):
    """The cells of a row."""
    theirs, options = name, {"lr": RATES[name]} if name in RATES else {}
    if name == "Momentum":
        theirs, options = "SGD", {**options, "momentum": 0.9}
    torch.manual_seed(1)
    start = torch.randn(N)
    params = [torch.nn.Parameter(start.clone()) for _ in range(2)]
    classes = getattr(descend.torch, name), getattr(torch.optim, theirs)
    sides = [side([param], **options) for side, param in zip(classes, params)]
    for step in range(1, STEPS[-1] + 1):
        grad = torch.randn(N)
        for param, side in zip(params, sides):
            param.grad = grad
            side.step()
        if step in STEPS:
            distance = ulps(*(param.detach() for param in params))
            yield f"{100 * (distance > 0).double().mean():.2g} %"
            yield str(int(distance.max()))


def main():
    torch_nadam.mend()
    kernels = re.search("CPU capability usage: (.+)", torch.__config__.show())[1]
    print(f"torch {torch.__version__}, kernels: {kernels}; {N} parameters\n")
    print("| class | " + " | ".join(f"differ after {steps} steps | by at most, ulp" for steps in STEPS) + " |")
    print("|---" * (1 + 2 * len(STEPS)) + "|")
    for name in descend.torch.__all__:
        print(f"| {name} | {' | '.join(compare(name))} |", flush=True)


if __name__ == "__main__":
    main()
