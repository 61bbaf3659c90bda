#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Puts Debian's PyTorch beside descend: one optimizer step over one parameter, both in this process.

Each of three sides has arrays of its own with equal contents: descend through ctypes, torch.optim with foreach=False
(for-loop) and with foreach=True. Batches are timed in turn, and a ratio is the median of those of the rounds: how many
times as long as descend PyTorch takes. A step is timed as Python calls it, ctypes and optimizer.step() included.

Threads are set alike, by torch.set_num_threads and by descend_exec.threads (importing torch sets OpenMP's own number to
1), and counted at work. Fewer than 32768 elements both leave to one thread. Before a row is timed, all its sides
must agree after three steps; with ATEN_CPU_CAPABILITY=default in the environment, the for-loop to the bit.

adamw-bf16 and adamw-split put torch.optim on bfloat16 parameters, whose gradients and states are bfloat16 too and which
it rounds to the nearest, beside descend's optimizer object: with all in bfloat16, rounded at random, and with a split
parameter and float32 states, which is float32's step to the bit.

Then whole models: the classes of descend.torch beside torch.optim's, over all parameters of a multilayer perceptron
(mlp: 784, 256, 256 and 10 units, 269 322 parameters) and over 100 tensors of 10 000 elements. Threads are those of
torch.set_num_threads, on all sides.
"""

import argparse
import gc
import itertools
import json
import math
import os
import pathlib
import re
import statistics
import sys
import time

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "tools/python"))

import descend  # noqa: E402

try:
    import torch

    import descend.torch
except ImportError as error:
    print(f"bench_torch.py: skipped: {error} (Debian: python3-torch)")
    sys.exit(0)

SIDES = ["descend", "for-loop", "foreach"]
STEPS = 3  # before the timing: the first writes the state, the others read it
MIN_ROUNDS = 5
BATCH_SECONDS = 0.002
CACHED = 4 << 20  # elements up to which a first, untimed call of a batch can bring arrays into a cache

# The C name, torch's class, what differs from the defaults; where not all is float32, the layout (bench/README.md).
OPTIMIZERS = {
    "sgd": ("sgd", torch.optim.SGD, {}, None),
    "momentum": ("sgd", torch.optim.SGD, {"momentum": 0.9}, None),
    "rmsprop": ("rmsprop", torch.optim.RMSprop, {}, None),
    "adam": ("adam", torch.optim.Adam, {}, None),
    "adamw": ("adamw", torch.optim.AdamW, {}, None),
    "adamw-bf16": ("adamw", torch.optim.AdamW, {}, "bf16"),
    "adamw-split": ("adamw", torch.optim.AdamW, {}, "split"),
}


MODELS = {"mlp": [(256, 784), (256,), (256, 256), (256,), (10, 256), (10,)], "100x10000": [(10_000,)] * 100}


class Failure(Exception):
    """Ends the program with its line."""


def our_side(config, layout, start, grad):
    """Its arrays are torch's too, so that all are placed by the same allocator."""
    if layout is None:
        return descend.Flat(config, start, grad, config.start_states(start))
    low = torch.zeros_like(start, dtype=torch.int16) if layout == "split" else None
    optimizer = descend.Optimizer(config)
    optimizer.param = start
    states = config.start_states(start.float() if layout == "split" else start)
    optimizer.add("param", start, grad, states=states, low=low)
    return optimizer


class Torch:
    """torch.optim with the same options."""

    def __init__(self, config, optimizer, foreach, start, grad):
        self.param = start.requires_grad_()
        self.param.grad = grad
        self.step = OPTIMIZERS[optimizer][1]([self.param], **config.torch_options(), foreach=foreach).step


def make_sides(library, optimizer, start, grad):
    name, _, changed, layout = OPTIMIZERS[optimizer]
    config, dtype = library.config(name, **changed), torch.float32 if layout is None else torch.bfloat16

    def arrays():
        return start.to(dtype, copy=True), grad.to(dtype, copy=True)
    return [our_side(config, layout, *arrays()), Torch(config, optimizer, False, *arrays()),
            Torch(config, optimizer, True, *arrays())]


class Model:
    """An optimizer of torch's classes, or of descend.torch's, over all parameters of a model."""

    def __init__(self, optimizer_class, options, shapes, data):
        self.params = []
        first = 0
        for shape in shapes:
            n = math.prod(shape)
            start, grad = (array[first:first + n].reshape(shape).clone() for array in data)
            self.params.append(torch.nn.Parameter(start))
            self.params[-1].grad = grad
            first += n
        self.step = optimizer_class(self.params, **options).step

    @property
    def param(self):
        """A copy of all parameters, one after the other."""
        return torch.cat([param.detach().flatten() for param in self.params])


def make_models(optimizer, shapes, data):
    _, theirs, changed, _ = OPTIMIZERS[optimizer]
    ours, options = getattr(descend.torch, theirs.__name__), {"lr": 1e-3, **changed}
    return [Model(ours, options, shapes, data), Model(theirs, {**options, "foreach": False}, shapes, data),
            Model(theirs, {**options, "foreach": True}, shapes, data)]


def set_threads(ours, threads):
    torch.set_num_threads(threads)
    if hasattr(ours, "exec"):  # a model asks torch
        ours.exec.threads = threads


def check_agreement(optimizer, sides, start):
    """Steps all alike, and returns which of the other sides have descend's bits.

    The tolerance, in u, which is 2^-24 for float32 and 2^-8 for bfloat16: with a state that starts at 0 and one
    gradient for all steps, nothing cancels, so that a step's move carries its roundings, under 24u relative in each
    side. In each side a step rounds the parameter by 2u, twice to the nearest or once at random; a fifth u makes up for
    moves that these roundings hide.
    """
    for _ in range(STEPS):
        for side in sides:
            side.step()
    dtype = sides[1].param.dtype
    start, ours = start.to(dtype).float(), sides[0].param.float()
    bound = (2.0**-24 if dtype == torch.float32 else 2.0**-8) * (
        5 * STEPS * torch.maximum(start.abs(), ours.abs()) + 48 * (ours - start).abs())
    equal = {}
    for name, side in zip(SIDES[1:], sides[1:]):
        theirs = side.param.detach().float()
        if torch.equal(ours, start) or not bool(((ours - theirs).abs() <= bound).all()):
            raise Failure(f"{optimizer}, n = {start.numel()}: descend and PyTorch's {name} differ after {STEPS} steps")
        equal[name] = torch.equal(ours.view(torch.int32), theirs.view(torch.int32))
    exact = dtype == torch.float32 and os.environ.get("ATEN_CPU_CAPABILITY") == "default"
    if exact and not equal["for-loop"]:
        raise Failure(f"{optimizer}, n = {start.numel()}: not the bits of PyTorch's baseline kernels")
    return equal


def run_times():
    """Nanoseconds on a processor so far, by thread of this process."""
    times = {}
    for thread in pathlib.Path("/proc/self/task").iterdir():
        try:
            times[thread.name] = int((thread / "schedstat").read_text(encoding="ascii").split()[0])
        except FileNotFoundError:  # it ended
            pass
    return times


def threads_at_work(step, wanted):
    """How many threads of this process run while step is called again and again."""
    share = min(1, len(os.sched_getaffinity(0)) / wanted)  # of a processor, for each
    step()
    time.sleep(0.1)  # threads that wait for work spin for some milliseconds
    before, start = run_times(), time.monotonic_ns()
    while time.monotonic_ns() - start < 200_000_000:
        step()
    spent = time.monotonic_ns() - start
    return sum(total - before.get(thread, 0) > 0.1 * share * spent for thread, total in run_times().items())


def check_threads(library, threads, data):
    sides = make_sides(library, "adam", *(array[:1 << 20] for array in data))
    set_threads(sides[0], threads)
    for name, side in zip(SIDES, sides):
        found = threads_at_work(side.step, threads)
        if found != threads:
            raise Failure(f"{name} has {found} threads at work where {threads} are wanted: no fair comparison "
                          f"(loaded: {' and '.join(openmp_runtimes()) or 'no OpenMP'}; does the environment limit it?)")


def time_batch(side, calls, warm):
    step = side.step
    if warm:
        step()
    start = time.perf_counter_ns()
    for _ in range(calls):
        step()
    return (time.perf_counter_ns() - start) / calls


def time_rounds(sides, n, seconds):
    """A list for each side: nanoseconds a call, by round."""
    warm = n <= CACHED
    calls = [max(1, int(BATCH_SECONDS * 1e9 / time_batch(side, 1, True))) for side in sides]
    times = [[] for _ in sides]
    end = time.monotonic() + seconds
    for turn in itertools.count():
        if turn >= MIN_ROUNDS and time.monotonic() > end:
            return times
        for i in range(len(sides)):  # each comes after each other one, in turn
            chosen = (turn + i) % len(sides) if turn % 2 else (turn - i) % len(sides)
            times[chosen].append(time_batch(sides[chosen], calls[chosen], warm))


def measure(library, optimizer, n, threads, seconds, data):
    """The rows of one optimizer and size, one for each number of threads."""
    start, grad = (array[:n] for array in data)
    labels = {"optimizer": optimizer, "n": n}
    return rows_of(make_sides(library, optimizer, start, grad), labels, threads, seconds, start)


def measure_model(optimizer, model, threads, seconds, data):
    """The same for all parameters of a model."""
    n = sum(map(math.prod, MODELS[model]))
    labels = {"optimizer": optimizer, "model": model, "n": n}
    return rows_of(make_models(optimizer, MODELS[model], data), labels, threads, seconds, data[0][:n])


def rows_of(sides, labels, threads, seconds, start):
    set_threads(sides[0], threads[0])
    n = labels["n"]
    equal = check_agreement(labels["optimizer"], sides, start)
    for count in threads:
        set_threads(sides[0], count)
        times = time_rounds(sides, n, seconds)
        row = {**labels, "threads": count, "rounds": len(times[0])}
        for name, own in zip(SIDES, times):
            row[name] = {"ns_per_element": statistics.median(own) / n, "us": statistics.median(own) / 1000}
            if name != "descend":
                ratios = [theirs / ours for theirs, ours in zip(own, times[0])]
                row[name].update(ratio=statistics.median(ratios), bits_equal=equal[name])
        yield row


def openmp_runtimes():
    """The files of the OpenMP runtimes in this process: with two, each has threads of its own."""
    files = {line.split()[-1] for line in pathlib.Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
             if re.search(r"/lib[gi]?omp[^/]*\.so", line)}
    return sorted(os.path.basename(file) for file in files)


def python_seconds(library, optimizer):
    """What a step of one element takes, nearly all of it Python: of descend and of the for-loop."""
    sides = make_sides(library, optimizer, torch.ones(1), torch.ones(1))[:2]
    return [statistics.median(time_batch(side, 100, True) for _ in range(5)) * 1e-9 for side in sides]


def describe(library):
    capability = re.search(r"CPU capability usage: (.+)", torch.__config__.show())
    return {"descend": library.version(), "variant": library.active_isa(),
            "torch": torch.__version__, "cpu_capability": capability.group(1) if capability else "unknown",
            "python_seconds": dict(zip(SIDES, python_seconds(library, "adam"))),
            "openmp": openmp_runtimes(), "processors": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]}


def print_head(context):
    print(f"descend {context['descend']} ({context['variant']}), torch {context['torch']} "
          f"({context['cpu_capability']}), OpenMP {' and '.join(context['openmp']) or 'none'}, "
          f"{context['processors']} processors, load average {context['load']:.2f}")
    print("A step of Adam on one element takes "
          + ", ".join(f"{name} {1e6 * seconds:.1f} us" for name, seconds in context["python_seconds"].items()))
    if len(context["openmp"]) > 1:
        print("Two OpenMP runtimes: waiting threads of one take processors from the other.")
    print(f"{'':31}{'ns per element':^36}  {'times descend':^18}\n"
          f"{'optimizer':<12}{'n':>10}{'threads':>9}{'descend':>12}{'for-loop':>12}{'foreach':>12}"
          f"  {'for-loop':>9}{'foreach':>9}", flush=True)


def print_row(row):
    """Of a model the microseconds of a step."""
    number = "ns_per_element" if "model" not in row else "us"
    print(f"{row['optimizer']:<12}{row.get('model', row['n']):>10}{row['threads']:>9}"
          + "".join(f"{row[name][number]:>12.3f}" for name in SIDES)
          + "  " + "".join(f"{row[name]['ratio']:>9.2f}" for name in SIDES[1:]), flush=True)


def positive(text):
    if not re.fullmatch("[1-9][0-9]{0,11}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number above 0")
    return int(text)


def size(text):
    """An element count: 4096, 16Ki, 1Mi."""
    number, unit = re.fullmatch("(.*?)(Ki|Mi)?", text, re.DOTALL).groups()
    return positive(number) * {"Ki": 1 << 10, "Mi": 1 << 20, None: 1}[unit]


def optimizer_name(text):
    if text not in OPTIMIZERS:
        raise argparse.ArgumentTypeError(f"'{text}' is none of {', '.join(OPTIMIZERS)}")
    return text


def duration(text):
    if not re.fullmatch(r"\d{1,4}(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds")
    return float(text)


def model_name(text):
    if text not in MODELS:
        raise argparse.ArgumentTypeError(f"'{text}' is none of {', '.join(MODELS)}")
    return text


def list_of(one):
    return lambda text: list(dict.fromkeys(one(part) for part in text.split(",")))


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("--library", type=pathlib.Path, default=descend.find_library(), help="default: %(default)s")
    parser.add_argument("--optimizers", type=list_of(optimizer_name), default=list(OPTIMIZERS), metavar="LIST",
                        help=f"default: {','.join(OPTIMIZERS)}")
    parser.add_argument("--sizes", type=list_of(size), default=[1 << 14, 1 << 20, 1 << 24], metavar="LIST",
                        help="elements; default: 16Ki,1Mi,16Mi")
    parser.add_argument("--models", type=list_of(model_name), default=list(MODELS), metavar="LIST",
                        help=f"for the optimizers of float32; default: {','.join(MODELS)}")
    parser.add_argument("--threads", type=list_of(positive), metavar="LIST",
                        default=[count for count in (1, 2) if count <= len(os.sched_getaffinity(0))],
                        help="default: 1,2, where there are as many processors")
    parser.add_argument("--seconds", type=duration, default=1.5,
                        help=f"for each row, but at least {MIN_ROUNDS} rounds; default: %(default)s")
    parser.add_argument("--json", type=argparse.FileType("w", encoding="utf-8"), metavar="FILE",
                        help="write the rows there, too")
    return parser.parse_args()


def bench(arguments):
    os.environ["DESCEND_LIBRARY"] = os.fspath(arguments.library)  # for descend.torch
    library = descend.default()
    torch.manual_seed(1)
    data = [torch.randn(max(1 << 20, *arguments.sizes)) for _ in range(2)]
    for threads in sorted(arguments.threads):  # in this order no thread is left over that could be at work
        check_threads(library, threads, data)
    context, rows = describe(library), []
    print_head(context)
    for optimizer in arguments.optimizers:
        for n in arguments.sizes:
            for row in measure(library, optimizer, n, arguments.threads, arguments.seconds, data):
                print_row(row)
                rows.append(row)
    models = []
    print(f"{'':31}{'us per step':^36}  {'times descend':^18}")
    for optimizer in arguments.optimizers:
        for model in arguments.models if OPTIMIZERS[optimizer][3] is None else ():
            for row in measure_model(optimizer, model, arguments.threads, arguments.seconds, data):
                print_row(row)
                models.append(row)
    if arguments.json:
        with arguments.json as file:
            json.dump({"context": context, "rows": rows, "models": models}, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    gc.disable()  # a collection would fall into someone's batch
    try:
        bench(read_arguments())
    except (Failure, descend.Error, OSError) as error:
        sys.exit(f"bench_torch.py: {error}")
