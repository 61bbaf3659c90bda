#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds descend to PyTorch 1.13.1, live and bit for bit, on configurations, lengths and data drawn from a seed.

Each run draws torch's options of one optimizer (edge values among them; one left out tests its default), a length,
gradients (ordinary, or with zeros, subnormals, infinities, NaN, FLT_MAX) and a number of steps; many runs go on from a
step far later. After each step the parameter and every state are compared with those of torch.optim's for-loop path,
for every variant that this machine runs, and from 32768 elements on with one thread and with two. NaN is a class. The
same seed draws the same runs, whichever optimizers are chosen.

PyTorch runs its baseline kernels (ATEN_CPU_CAPABILITY=default), which do not fuse multiply and add: docs/numerics.md.
One line of PyTorch is mended first: NAdam in 1.13.1 multiplies by mu once more in mu_product_next, which 2.x mended.
Configs that descend refuses because a coefficient overflows float32 are counted. ASGD runs with a constant lr only:
PyTorch keeps eta as state, so that a changed lr shows one step later.
"""

import argparse
import collections
import os
import pathlib
import re
import sys
import zlib

os.environ["ATEN_CPU_CAPABILITY"] = "default"  # read when torch is loaded

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "python"))

import descend  # noqa: E402
import torch_nadam  # noqa: E402

try:
    import numpy as np
    import torch
except ImportError as error:
    print(f"torch_parity.py: skipped: {error} (Debian: python3-torch)")
    sys.exit(0)

OVERFLOW = 20  # DESCEND_OVERFLOW
SERIAL_BELOW = 32768
LARGE_EVERY = 8  # runs
SPECIAL = np.array([0.0, -0.0, 1e-45, -1e-45, 1.1754942e-38, 1.1754944e-38, 3.4028235e38, -3.4028235e38, np.inf,
                    -np.inf, np.nan, 1.0], np.float32)


class Failure(Exception):
    """Ends the program with its line."""


# What an option may be: functions of a numpy Generator.
def log_uniform(low, high):
    return lambda rng: float(10 ** rng.uniform(np.log10(low), np.log10(high)))


def uniform(low, high):
    return lambda rng: float(rng.uniform(low, high))


def one_of(*values):
    return lambda rng: values[rng.integers(len(values))]


def mixed(*parts):
    """Pairs: how often, and one of these functions."""
    weights = [weight for weight, _ in parts]
    return lambda rng: parts[rng.choice(len(parts), p=weights)][1](rng)


def pair(first, second):
    return lambda rng: (first(rng), second(rng))


def beside_one(rng):
    return 1 - log_uniform(1e-5, 0.9)(rng)


FLAG = one_of(False, True)
LR = mixed((0.9, log_uniform(1e-6, 10)), (0.1, one_of(0.0, 1.0, 0.1, 1e-3)))
EPS = mixed((0.7, log_uniform(1e-12, 1)), (0.3, one_of(0.0, 1e-8, 1e-40)))
DECAY = mixed((0.4, one_of(0.0)), (0.6, log_uniform(1e-6, 1)))
BETA = mixed((0.6, beside_one), (0.4, one_of(0.0, 0.5, 0.9, 0.99, 0.999)))
MOMENTUM = mixed((0.3, one_of(0.0)), (0.6, BETA), (0.1, uniform(1, 1.2)))
BETAS = pair(BETA, BETA)
ADAM = {"lr": LR, "betas": BETAS, "eps": EPS, "weight_decay": DECAY, "amsgrad": FLAG, "maximize": FLAG}

# torch's class and its options in 1.13, but for how to run.
OPTIMIZERS = {
    "sgd": ("SGD", {"lr": LR, "momentum": MOMENTUM, "dampening": mixed((0.6, one_of(0.0)), (0.4, uniform(-1, 2))),
                    "weight_decay": DECAY, "nesterov": FLAG, "maximize": FLAG}),
    "rmsprop": ("RMSprop", {"lr": LR, "alpha": BETA, "eps": EPS, "weight_decay": DECAY, "momentum": MOMENTUM,
                            "centered": FLAG, "maximize": FLAG}),
    "adam": ("Adam", ADAM),
    "adamw": ("AdamW", ADAM),
    "adagrad": ("Adagrad", {"lr": LR, "lr_decay": DECAY, "weight_decay": DECAY, "eps": EPS, "maximize": FLAG,
                            "initial_accumulator_value": mixed((0.4, one_of(0.0)), (0.6, log_uniform(1e-6, 10)))}),
    "adadelta": ("Adadelta", {"lr": LR, "rho": BETA, "eps": EPS, "weight_decay": DECAY, "maximize": FLAG}),
    "adamax": ("Adamax", {"lr": LR, "betas": BETAS, "eps": EPS, "weight_decay": DECAY, "maximize": FLAG}),
    "nadam": ("NAdam", {"lr": LR, "betas": BETAS, "eps": EPS, "weight_decay": DECAY,
                        "momentum_decay": mixed((0.2, one_of(0.0)), (0.8, log_uniform(1e-5, 1)))}),
    "radam": ("RAdam", {"lr": LR, "betas": BETAS, "eps": EPS, "weight_decay": DECAY}),
    "rprop": ("Rprop", {"lr": LR, "etas": pair(uniform(0.05, 0.99), uniform(1.01, 3)),
                        "step_sizes": pair(log_uniform(1e-8, 1e-2), log_uniform(1e-2, 1e3)), "maximize": FLAG}),
    "asgd": ("ASGD", {"lr": LR, "lambd": DECAY, "alpha": mixed((0.2, one_of(0.0)), (0.8, uniform(0.1, 1.5))),
                      "t0": mixed((0.5, one_of(0.0, 1.0, 2.5, 1e6)), (0.5, lambda rng: float(rng.integers(20)))),
                      "weight_decay": DECAY, "maximize": FLAG}),
}


# Data: functions of a Generator and a length.
@np.errstate(over="ignore")
def normal(rng, n, low, high):
    """Times a power of ten from 10^low to 10^high, for each element."""
    return (rng.standard_normal(n) * 10 ** rng.uniform(low, high, n)).astype(np.float32)


def scaled(low, high):
    return lambda rng, n: normal(rng, n, low, high)


ordinary = scaled(-6, 3)


def with_special(rng, n):
    return np.where(rng.random(n) < log_uniform(0.01, 0.5)(rng), rng.choice(SPECIAL, n), ordinary(rng, n))


def mostly_zeros(rng, n):
    return np.where(rng.random(n) < 0.9, rng.choice(SPECIAL[:2], n), ordinary(rng, n))


DATA = {"ordinary": ordinary, "special": with_special, "mostly zero": mostly_zeros, "tiny": scaled(-46, -30),
        "huge": scaled(10, 38)}
DATA_WEIGHTS = [0.5, 0.2, 0.1, 0.1, 0.1]

Run = collections.namedtuple("Run", "optimizer options n steps later data rng")


def draw_options(optimizer, rng):
    options = {name: draw(rng) for name, draw in OPTIMIZERS[optimizer][1].items()}
    options = {name: value for name, value in options.items() if name == "lr" or rng.random() < 0.9}
    if options.get("dampening") or not options.get("momentum"):
        options.pop("nesterov", None)  # torch refuses it
    return options


def draw_run(seed, optimizer, number):
    rng = np.random.default_rng([seed, zlib.crc32(optimizer.encode()), number])
    options = draw_options(optimizer, rng)
    if number % LARGE_EVERY == LARGE_EVERY - 1:
        n, steps = int(rng.integers(SERIAL_BELOW, 3 * SERIAL_BELOW)), int(rng.integers(1, 5))
    else:
        n, steps = int(mixed((0.4, uniform(1, 70)), (0.6, log_uniform(64, 6000)))(rng)), int(log_uniform(1, 60)(rng))
    # ASGD's state in torch has the next step's coefficients: it cannot leave any out.
    later = int(log_uniform(10, 1e6)(rng)) if optimizer != "asgd" and rng.random() < 0.3 else None
    return Run(optimizer, options, n, steps, later, rng.choice(list(DATA), p=DATA_WEIGHTS), rng)


def describe(run):
    options = ", ".join(f"{name}={value}" for name, value in run.options.items())
    later = f", the second step being number {run.later + 1}" if run.later and run.steps > 1 else ""
    return f"{OPTIMIZERS[run.optimizer][0]}({options}), n = {run.n}, {run.data} gradients, {run.steps} steps{later}"


class Theirs:
    """torch.optim."""

    def __init__(self, run, param):
        self.param = torch.tensor(param, requires_grad=True)
        self.optimizer = getattr(torch.optim, OPTIMIZERS[run.optimizer][0])([self.param], **run.options, foreach=False)

    def step(self, grad):
        self.param.grad = torch.tensor(grad)
        self.optimizer.step()

    def go_to(self, number):
        step = self.optimizer.state[self.param].get("step")
        if torch.is_tensor(step):  # else the update does not read it
            step.fill_(number)

    def arrays(self, names):
        state = self.optimizer.state[self.param]
        return {"param": self.param.detach().numpy(), **{name: state[name].numpy().reshape(-1) for name in names}}


class Ours:
    """descend, by one variant and number of threads (0: its choice)."""

    def __init__(self, library, run, param, isa, threads):
        self.library, self.isa, self.threads = library, isa, threads
        config = library.config(run.optimizer, **run.options)
        states = {name: self.place(run, array) for name, array in config.start_states(param).items()}
        self.optimizer = descend.Flat(config, self.place(run, param), self.place(run, param), states)
        self.optimizer.exec.threads = threads

    @staticmethod
    def place(run, values):
        """A copy at any multiple of 4 bytes."""
        start = int(run.rng.integers(16))
        array = np.empty(start + run.n, np.float32)[start:]
        array[:] = values
        return array

    def __str__(self):
        return self.isa + (f" with threads = {self.threads}" if self.threads else "")

    def step(self, grad):
        self.library.force_isa(self.isa)
        self.optimizer.grad[:] = grad
        self.optimizer.step()

    def go_to(self, number):
        self.optimizer.number = number

    def arrays(self):
        scalars = {name: np.array([value], np.float32) for name, value in self.optimizer.scalars.items()}
        return {"param": self.optimizer.param, **self.optimizer.states, **scalars}


def differing(a, b):
    return np.flatnonzero((a.view(np.uint32) != b.view(np.uint32)) & ~(np.isnan(a) & np.isnan(b)))


def compare(arrays, theirs, ours, compared):
    """Adds to compared; returns how many elements differ and the lines that say so."""
    wrong, lines = 0, []
    for name, array in arrays.items():
        compared["elements"] += array.size
        found = differing(array, theirs[name])
        if found.size:
            i, wrong = found[0], wrong + found.size
            bits = [f"{values[i:i + 1].view(np.uint32)[0]:08x}" for values in (array, theirs[name])]
            lines.append(f"{ours}: {name} differs in {found.size} elements, "
                         f"first [{i}]: descend {bits[0]}, torch {bits[1]}")
    return wrong, lines


def execute(library, isas, run, compared):
    """One run, up to the first step after which anything differs: as compare()."""
    fill = DATA[run.data]
    param = with_special(run.rng, run.n) if fill is with_special else scaled(-3, 2)(run.rng, run.n)
    theirs = Theirs(run, param)
    threads = (1, 2) if run.n >= SERIAL_BELOW else (0,)
    all_ours = [Ours(library, run, param, isa, count) for isa in isas for count in threads]
    for step in range(run.steps):
        grad = fill(run.rng, run.n)
        if step == 1 and run.later:
            for one in (theirs, *all_ours):
                one.go_to(run.later)
        for ours in all_ours:
            ours.step(grad)  # before torch: what it refuses is not torch's to see
        theirs.step(grad)
        found = [compare(ours.arrays(), theirs.arrays(list(ours.arrays())[1:]), ours, compared) for ours in all_ours]
        wrong = sum(count for count, _ in found)
        if wrong:
            return wrong, [f"after step {step + 1}, {line}" for _, lines in found for line in lines]
    return 0, []


def hold(library, isas, optimizer, seed, runs):
    """All runs of one optimizer, up to the first that differs; prints its line, and returns whether all is well."""
    compared, refused, wrong, lines = collections.Counter(), 0, 0, []
    for number in range(runs):
        run = draw_run(seed, optimizer, number)
        try:
            wrong, lines = execute(library, isas, run, compared)
        except descend.Refused as refusal:
            if refusal.status != OVERFLOW:
                raise Failure(f"{describe(run)}: refused: {refusal}") from None
            refused += 1
        if wrong:
            break
    print(f"{optimizer}: {wrong} of {compared['elements']} elements differ ({number + 1 - refused} configurations"
          + (f", {refused} refused for an overflow" if refused else "") + f", variants {' '.join(isas)})", flush=True)
    if wrong:
        print(f"  {describe(run)}\n  again: --seed {seed} --optimizers {optimizer} --runs {number + 1}")
        print("".join(f"  {line}\n" for line in lines), end="", flush=True)
    return not wrong and refused < runs


def check_torch():
    if not torch.__version__.startswith("1.13."):
        raise Failure(f"this is torch {torch.__version__}; the contract (docs/numerics.md) is 1.13's results")
    if "CPU capability usage: NO AVX" not in torch.__config__.show():
        raise Failure("this torch does not run its baseline kernels, in spite of ATEN_CPU_CAPABILITY=default")
    torch.set_num_threads(1)
    try:
        torch_nadam.mend()
    except ValueError as error:
        raise Failure(str(error)) from None


def whole(text):
    if not re.fullmatch("[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number of at most 9 digits")
    return int(text)


def positive(text):
    if whole(text) == 0:
        raise argparse.ArgumentTypeError("0 is too few")
    return int(text)


def optimizer_list(text):
    names = list(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in OPTIMIZERS:
            raise argparse.ArgumentTypeError(f"'{name}' is none of {', '.join(OPTIMIZERS)}")
    return names


def read_arguments(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("--library", type=pathlib.Path, default=descend.find_library(), help="default: %(default)s")
    parser.add_argument("--optimizers", type=optimizer_list, default=list(OPTIMIZERS), metavar="LIST",
                        help=f"default: {','.join(OPTIMIZERS)}")
    parser.add_argument("--runs", type=positive, default=120, help="for each optimizer; default: %(default)s")
    parser.add_argument("--seed", type=whole, default=int.from_bytes(os.urandom(4), "little") % 10**9,
                        help="default: another each time")
    return parser.parse_args(arguments)


def hold_all(options):
    """Whether nothing differs."""
    library = descend.Library(options.library)
    isas = library.isas()
    print(f"descend {library.version()} beside torch {torch.__version__}, seed {options.seed}", flush=True)
    well = True
    for optimizer in options.optimizers:
        if optimizer not in library.optimizers:
            print(f"{optimizer}: skipped: this library has none")
        elif not hold(library, isas, optimizer, options.seed, options.runs):
            well = False
    return well


if __name__ == "__main__":
    try:
        chosen = read_arguments()
        check_torch()
        sys.exit(0 if hold_all(chosen) else 1)
    except (Failure, descend.Error) as error:
        sys.exit(f"torch_parity.py: {error}")
