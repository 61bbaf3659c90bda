#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes golden.inc, beside this file: what torch.optim 1.13.1 computes, for tests/kernels/golden.c.

    tests/golden/make_golden.py [FILE]

It runs every optimizer with every set of options for a few steps, on PyTorch's for-loop path and its baseline CPU
kernels, which do not fuse multiply and add. Parameters and states are stored after the first step and the last.
Inputs are not stored: the test makes them with the same generator (tests/support/data.c).

An optimizer is one row in OPTIMIZERS. Its labels and values are those of tests/support/rules/<name>.h; the test compares
by label, and fails where either side has one that the other lacks. What this torch does not have (Lion, LAMB,
TensorFlow's RMSprop, decoupled decay of NAdam and RAdam, and maximize in these two) is listed in the test.

One line of torch's is not run as it is: NAdam 1.13.1 multiplies the next step's product of momenta by this step's
momentum, which the product already contains. torch 2.x has mended that, and the library follows it;
tools/python/torch_nadam.py takes the factor away.

Needs Debian 12's python3-torch and python3-numpy on x86-64.
"""
import inspect
import os
import pathlib
import sys

os.environ["ATEN_CPU_CAPABILITY"] = "default"  # read when torch is loaded

import numpy as np  # noqa: E402
import torch  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/python"))

import torch_nadam  # noqa: E402

N = 61  # three vectors of 16 and a tail; 15 of 4 and one
STEPS = {"ORDINARY": 20, "SPECIAL": 3}  # special values soon make everything NaN, which tests little
# Of the parameter; the gradient of step t has t more. 2994 is the first from 2000 on where, among others, a parameter
# -0 meets a first gradient +0 and one -0, and a parameter +Inf one +Inf and one -Inf.
SEED = {"ORDINARY": 1000, "SPECIAL": 2994}

ABSENT_EVERY = 3

DECAY = ("weight_decay", {"weight_decay": 0.013})
MAXIMIZE = ("maximize", {"maximize": True})
AMSGRAD = ("amsgrad", {"amsgrad": True})
ADAM = {"lr": 0.0017, "betas": (0.87, 0.9993), "eps": 3e-8, "weight_decay": 0}


def any_options(_):
    return True


def sgd_options(words):
    if "momentum" not in words:
        return "dampening" not in words and "nesterov" not in words
    return not ("dampening" in words and "nesterov" in words)


# Our name, torch's, the options that every run has, the words of the label with what each adds, which sets of words
# torch accepts.
OPTIMIZERS = [
    ("sgd", "SGD", {"lr": 0.013},
     [DECAY, MAXIMIZE, ("momentum", {"momentum": 0.9}), ("dampening", {"dampening": 0.11}),
      ("nesterov", {"nesterov": True})], sgd_options),
    ("rmsprop", "RMSprop", {"lr": 0.0027, "alpha": 0.97, "eps": 1e-7},
     [DECAY, MAXIMIZE, ("centered", {"centered": True}), ("momentum", {"momentum": 0.9})], any_options),
    ("adam", "Adam", ADAM, [DECAY, MAXIMIZE, AMSGRAD], any_options),
    ("adamw", "AdamW", ADAM, [DECAY, MAXIMIZE, AMSGRAD], any_options),
    ("adagrad", "Adagrad", {"lr": 0.013, "initial_accumulator_value": 0.3, "eps": 3e-5},
     [DECAY, MAXIMIZE, ("lr_decay", {"lr_decay": 0.07})], any_options),
    ("adadelta", "Adadelta", {"lr": 0.9, "rho": 0.93, "eps": 3e-6}, [DECAY, MAXIMIZE], any_options),
    ("adamax", "Adamax", ADAM, [DECAY, MAXIMIZE], any_options),
    ("nadam", "NAdam", {**ADAM, "momentum_decay": 0.003}, [DECAY], any_options),  # mended by tools/python/torch_nadam.py
    ("radam", "RAdam", {**ADAM, "betas": (0.87, 0.99)}, [DECAY], any_options),
    ("rprop", "Rprop", {"lr": 0.013, "etas": (0.5, 1.2), "step_sizes": (0.0071, 0.029)},
     [MAXIMIZE, ("etas", {"etas": (0.3, 1.7)})], any_options),
    ("asgd", "ASGD", {"lr": 0.013, "lambd": 0.003, "alpha": 0.8, "t0": 1e6},
     [DECAY, MAXIMIZE, ("averaging", {"t0": 0.5})], any_options),
]


def splitmix64(seed, n):
    """random_bits() of tests/support/data.c, n times."""
    z = np.uint64(seed) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)


# In the order of special() in tests/support/data.c.
SPECIAL_BITS = np.array([0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0xFF7FFFFF,
                         0x7F800000, 0xFF800000, 0x7FC00000, 0x3F800000], np.uint32)


def fill(n, kind, seed):
    """fill() of tests/support/data.c."""
    bits = splitmix64(seed, n)
    odd = (bits & np.uint64(0xFFFFFF) | np.uint64(1)).astype(np.float32)  # below 2^24: exact
    exponent = (bits >> np.uint64(32) & np.uint64(0x3FFFFFFF)).astype(np.int64) % 30 - 43
    values = np.ldexp(np.where(bits >> np.uint64(63), -odd, odd), exponent).astype(np.float32)
    if kind == "SPECIAL":
        chosen = SPECIAL_BITS.view(np.float32)[bits % np.uint64(len(SPECIAL_BITS))]
        values = np.where(bits >> np.uint64(62) & np.uint64(1), chosen, values)
    return values


def option_sets(words, accepted):
    """The label's words and the options, for every set of words; bit i stands for words[i]."""
    for bits in range(1 << len(words)):
        chosen = [word for i, word in enumerate(words) if bits >> i & 1]
        names = [name for name, _ in chosen]
        if accepted(names):
            yield names, {key: value for _, options in chosen for key, value in options.items()}


def row(label, kind, array, step, values):
    bits = np.ascontiguousarray(values).view(np.uint32).copy()
    bits[np.isnan(values)] = 0x7FC00000
    return f'{{"{label}", {kind}, "{array}", {step}, "{"".join(f"{b:08x}" for b in bits)}"}},\n'


def trajectory(label, method, options, kind):
    if "foreach" in inspect.signature(method.__init__).parameters:
        options = {**options, "foreach": False}
    param = torch.tensor(fill(N, kind, SEED[kind]), requires_grad=True)
    optimizer = method([param], **options)
    for step in range(1, STEPS[kind] + 1):
        param.grad = torch.tensor(fill(N, kind, SEED[kind] + step))
        optimizer.step()
        if step in (1, STEPS[kind]):
            yield row(label, kind, "param", step, param.detach().numpy())
            for name, value in optimizer.state[param].items():
                if torch.is_tensor(value) and (value.numel() == N or name == "mu_product"):
                    yield row(label, kind, name, step, value.reshape(-1).numpy())


def rows():
    for ours, theirs, base, words, accepted in OPTIMIZERS:
        for names, options in option_sets(words, accepted):
            for kind in SEED:
                yield from trajectory(" ".join([ours, *names]), getattr(torch.optim, theirs), {**base, **options}, kind)


def absent_gradients():
    """Adam where every third step finds no gradient; the rows have torch's own count of steps."""
    param = torch.tensor(fill(N, "ORDINARY", SEED["ORDINARY"]), requires_grad=True)
    optimizer = torch.optim.Adam([param], **ADAM, foreach=False)
    for turn in range(1, STEPS["ORDINARY"] + 1):
        gradient = torch.tensor(fill(N, "ORDINARY", SEED["ORDINARY"] + turn))
        param.grad = None if turn % ABSENT_EVERY == 0 else gradient
        optimizer.step()
    state = optimizer.state[param]
    for name, values in (("param", param.detach()), ("exp_avg", state["exp_avg"]), ("exp_avg_sq", state["exp_avg_sq"])):
        yield row("adam", "ORDINARY", name, int(state["step"]), values.numpy())


def by_kind(numbers):
    return ", ".join(f"[{kind}] = {number}" for kind, number in numbers.items())


HEADER = f"""\
/* SPDX-License-Identifier: MIT */
/*
 * Made by tests/golden/make_golden.py from torch.optim {torch.__version__} (Debian's 1.13.1), foreach=False,
 * ATEN_CPU_CAPABILITY=default, NAdam with one line mended. Not to be edited: run the script.
 *
 * One row is one array after one step: the subject's label, the kind of data, the array, the step, and the bits of its
 * elements, 8 hexadecimal digits each: GOLDEN_N of them, or one where the state is a scalar. NaN is 7fc00000.
 */
/* clang-format off */
enum {{ GOLDEN_N = {N}, GOLDEN_ABSENT_EVERY = {ABSENT_EVERY} }};
static const unsigned golden_steps[DATA_KINDS] = {{{by_kind(STEPS)}}};
static const uint64_t golden_seed[DATA_KINDS] = {{{by_kind(SEED)}}};
static const struct golden_row golden[] = {{
"""


def main():
    if not torch.__version__.startswith("1.13."):
        sys.exit(f"this is torch {torch.__version__}; the contract (docs/numerics.md) is 1.13's results")
    if "CPU capability usage: NO AVX" not in torch.__config__.show():
        sys.exit("this torch does not run its baseline kernels, in spite of ATEN_CPU_CAPABILITY=default")
    torch.set_num_threads(1)
    torch_nadam.mend()
    path = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("golden.inc")
    with open(path, "w", encoding="ascii") as file:
        file.write(HEADER)
        file.writelines(rows())
        file.write("};\n/* The object: Adam where every GOLDEN_ABSENT_EVERY-th step finds no gradient. */\n")
        file.write("static const struct golden_row golden_absent[] = {\n")
        file.writelines(absent_gradients())
        file.write("};\n")


if __name__ == "__main__":
    main()
