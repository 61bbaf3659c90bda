#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes schedules.inc, beside this file: the learning rates of torch.optim.lr_scheduler, for tests/rates/schedule.c.

    tests/golden/make_schedules.py [FILE]

Every case is one scheduler with one set of parameters, sampled at SAMPLES steps: the first, those around where it bends
or ends, the last, and others at random. A sample has the rate that torch's training loop uses in that step, and the one
that torch's closed form gives, where there is one.

The names and the order of the parameters are those of the functions in tests/rates/schedule.c.

Needs Debian 12's python3-torch.
"""
import pathlib
import random
import sys
import warnings

import torch
from torch.optim import lr_scheduler

SAMPLES = 24


def constant(optimizer, factor, total_iters):
    return lr_scheduler.ConstantLR(optimizer, factor, int(total_iters))


def warmup(optimizer, start_factor, total_iters):
    return lr_scheduler.LinearLR(optimizer, start_factor, 1.0, int(total_iters))


def cosine(optimizer, T_max, eta_min):
    return lr_scheduler.CosineAnnealingLR(optimizer, int(T_max), eta_min)


def step_decay(optimizer, step_size, gamma):
    return lr_scheduler.StepLR(optimizer, int(step_size), gamma)


def exponential(optimizer, gamma):
    return lr_scheduler.ExponentialLR(optimizer, gamma)


def polynomial(optimizer, total_iters, power):
    return lr_scheduler.PolynomialLR(optimizer, int(total_iters), power)


def one_cycle(optimizer, total_steps, pct_start, div_factor, final_div_factor, linear, three_phase):
    return lr_scheduler.OneCycleLR(optimizer, optimizer.defaults["lr"], int(total_steps), pct_start=float(pct_start),
                                   anneal_strategy="linear" if linear else "cos", cycle_momentum=False,
                                   div_factor=div_factor, final_div_factor=final_div_factor, three_phase=three_phase)


def around(inner):
    """A warm-up around another schedule."""
    def chained(optimizer, start_factor, total_iters, *parameters):
        return lr_scheduler.ChainedScheduler([warmup(optimizer, start_factor, total_iters),
                                              inner(optimizer, *parameters)])
    return chained


def warmup_then_cosine(optimizer, start_factor, total_iters, *parameters):
    return lr_scheduler.SequentialLR(optimizer, [warmup(optimizer, start_factor, total_iters),
                                                 cosine(optimizer, *parameters)], [int(total_iters)])


# The name in the test, what makes the scheduler, the lr, the other parameters, the last step, where it bends or ends.
CASES = [
    ("constant", constant, 0.1, (1 / 3, 5), 30, [5]),
    ("constant", constant, 0.0013, (0.77, 200), 300, [200]),
    ("warmup", warmup, 0.1, (1 / 3, 5), 30, [5]),
    ("warmup", warmup, 0.003, (1e-3, 1000), 1200, [1000]),
    ("warmup", warmup, 0.7, (0.25, 1), 30, [1]),
    ("cosine", cosine, 0.1, (50, 0), 170, [50, 100, 150]),
    ("cosine", cosine, 0.1, (50, 0.003), 170, [50, 100, 150]),
    ("cosine", cosine, 0.0007, (4999, 1e-5), 5200, [2500, 4999]),
    ("cosine", cosine, 0.01, (7, 0.05), 60, [7, 14, 21]),
    ("cosine", cosine, 0.01, (1, 0.001), 30, [1]),
    ("step_decay", step_decay, 0.05, (30, 0.1), 130, [30, 60, 90]),
    ("step_decay", step_decay, 0.3, (7, 0.93), 1000, [7, 14, 700]),
    ("step_decay", step_decay, 1e-4, (100, 1.25), 1000, [100, 500]),
    ("exponential", exponential, 0.1, (0.9,), 200, []),
    ("exponential", exponential, 0.002, (0.9993,), 5000, []),
    ("exponential", exponential, 1e-6, (1.01,), 500, []),
    ("polynomial", polynomial, 0.001, (4, 1), 30, [4]),
    ("polynomial", polynomial, 0.1, (1000, 0.9), 1100, [1000]),
    ("polynomial", polynomial, 0.2, (300, 2.5), 330, [300]),
    ("one_cycle", one_cycle, 0.1, (100, 0.3, 25, 1e4, 0, 0), 100, [30]),
    ("one_cycle", one_cycle, 0.1, (100, 0.3, 25, 1e4, 0, 1), 100, [30, 59]),
    ("one_cycle", one_cycle, 0.03, (1001, 0.37, 10, 100, 1, 0), 1001, [370]),
    ("one_cycle", one_cycle, 0.03, (1001, 0.37, 10, 100, 1, 1), 1001, [370, 739]),
    ("one_cycle", one_cycle, 0.3, (61, 0, 4, 50, 0, 0), 61, []),
    ("one_cycle", one_cycle, 0.3, (61, 1, 4, 50, 1, 0), 61, []),
    ("one_cycle", one_cycle, 0.3, (61, 0.61, 4, 50, 0, 1), 61, [37]),
    ("one_cycle", one_cycle, 0.3, (31, 0.01, 4, 50, 1, 1), 31, []),
    ("warmup_then_cosine", warmup_then_cosine, 0.1, (0.01, 20, 119, 0.001), 120, [20]),
    ("warmup_of_constant", around(constant), 0.1, (0.1, 40, 0.5, 20), 60, [20, 40]),
    ("warmup_of_cosine", around(cosine), 0.1, (0.1, 40, 90, 0), 90, [40]),
    ("warmup_of_step_decay", around(step_decay), 0.1, (0.01, 40, 15, 0.8), 90, [15, 30, 40]),
    ("warmup_of_exponential", around(exponential), 0.1, (0.01, 40, 0.98), 90, [40]),
    ("warmup_of_polynomial", around(polynomial), 0.1, (0.01, 40, 80, 2), 90, [40, 80]),
]


def sampled(name, last, bends):
    steps = {1, 2, last}
    steps.update(bend + near for bend in bends for near in range(3))
    others = sorted(set(range(1, last + 1)) - steps)
    return sorted(steps.union(random.Random(name).sample(others, max(0, SAMPLES - len(steps)))))


def closed_form(scheduler):
    if isinstance(scheduler, lr_scheduler.OneCycleLR):
        return scheduler.get_last_lr()[0]  # it has no other
    if hasattr(scheduler, "_get_closed_form_lr"):
        return scheduler._get_closed_form_lr()[0]
    return None


def hexadecimal(number):
    return "NAN" if number is None else float(number).hex()


def case(name, make, lr, parameters, last, bends):
    steps = sampled(f"{name} {parameters}", last, bends)
    assert len(steps) == SAMPLES and steps[-1] == last, (name, steps)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = make(optimizer, *parameters)
    samples = []
    for step in range(1, last + 1):
        if step in steps:
            used = optimizer.param_groups[0]["lr"]
            samples.append(f"{{{step}, {hexadecimal(used)}, {hexadecimal(closed_form(scheduler))}}}")
        optimizer.step()
        if step < last:  # OneCycleLR may fail in a step that nobody takes
            scheduler.step()
    numbers = ", ".join(hexadecimal(number) for number in (lr, *parameters))
    return f'{{"{name}", {{{numbers}}}, {{\n' + ",\n".join(samples) + "}},\n"


HEADER = f"""\
/* SPDX-License-Identifier: MIT */
/*
 * Made by tests/golden/make_schedules.py from torch.optim.lr_scheduler of {torch.__version__} (Debian's 1.13.1). Not to
 * be edited: run the script.
 *
 * One case is one scheduler: its name, lr and other parameters, and for some steps, counted from 1, the rate that torch
 * uses and the one of its closed form.
 */
/* clang-format off */
enum {{ GOLDEN_SAMPLES = {SAMPLES} }};
"""


def main():
    if not torch.__version__.startswith("1.13."):
        sys.exit(f"this is torch {torch.__version__}; the rates are to be 1.13's")
    warnings.simplefilter("ignore")  # SequentialLR takes a deprecated way into its second scheduler
    path = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("schedules.inc")
    with open(path, "w", encoding="ascii") as file:
        file.write(HEADER)
        file.write("static const struct golden_case golden[] = {\n")
        file.writelines(case(*row) for row in CASES)
        file.write("};\n")


if __name__ == "__main__":
    main()
