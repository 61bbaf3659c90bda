"""descend's flat functions (include/descend/descend.h) through ctypes, for numpy's arrays and torch's tensors.

    library = descend.Library()
    config = library.config("adam", lr=0.01, betas=(0.9, 0.99))  # torch.optim's options; the others have their defaults
    optimizer = descend.Optimizer(library, config, param, grad, descend.start_states(config, param, numpy.full_like))
    optimizer.step()  # reads grad, moves param and optimizer.states

Names of options and states are torch's. Arrays are float32, contiguous, and the caller's.
"""

import ctypes
import functools
import os
import pathlib

LIBRARY = pathlib.Path(__file__).resolve().parents[2] / "build/release/libdescend.so"


class Error(Exception):
    """Its text is one line."""


class Refused(Error):
    """A status other than DESCEND_OK."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Exec(ctypes.Structure):
    _fields_ = [("threads", ctypes.c_uint), ("slice", ctypes.c_uint), ("slices", ctypes.c_uint),
                ("run", ctypes.c_void_p), ("pool", ctypes.c_void_p), ("serial_below", ctypes.c_size_t),
                ("reserved", ctypes.c_size_t * 7)]


def always(_):
    return True


def with_momentum(config):
    return config.momentum > 0


MOMENTS = {"exp_avg": always, "exp_avg_sq": always}
ADAM = {**MOMENTS, "max_exp_avg_sq": lambda config: config.amsgrad}

# The header's structs, member by member: doubles and, after the bar, bools. Then the states, in the order of the step
# function's arguments, each with whether a config uses it.
ROWS = {
    "sgd": ("lr momentum dampening weight_decay | nesterov maximize", {"momentum_buffer": with_momentum}),
    "rmsprop": ("lr alpha eps weight_decay momentum | centered maximize",
                {"square_avg": always, "grad_avg": lambda config: config.centered, "momentum_buffer": with_momentum}),
    "adam": ("lr beta1 beta2 eps weight_decay | amsgrad maximize", ADAM),
    "adamw": ("lr beta1 beta2 eps weight_decay | amsgrad maximize", ADAM),
    "adagrad": ("lr lr_decay weight_decay initial_accumulator_value eps | maximize", {"sum": always}),
    "adadelta": ("lr rho eps weight_decay | maximize", {"square_avg": always, "acc_delta": always}),
    "adamax": ("lr beta1 beta2 eps weight_decay | maximize", {"exp_avg": always, "exp_inf": always}),
    "nadam": ("lr beta1 beta2 eps weight_decay momentum_decay | decoupled_weight_decay maximize", MOMENTS),
    "radam": ("lr beta1 beta2 eps weight_decay | decoupled_weight_decay maximize", MOMENTS),
    "rprop": ("lr eta_minus eta_plus step_size_min step_size_max | maximize", {"prev": always, "step_size": always}),
    "asgd": ("lr lambd alpha t0 weight_decay | maximize", {"ax": always}),
    "lion": ("lr beta1 beta2 weight_decay | maximize", {"exp_avg": always}),
    "lamb": ("lr beta1 beta2 eps weight_decay | maximize", MOMENTS),
    "rmsprop_tf": ("lr alpha eps weight_decay momentum | maximize",
                   {"square_avg": always, "momentum_buffer": always}),
}

# torch's options that are pairs.
PAIRS = {"betas": ("beta1", "beta2"), "etas": ("eta_minus", "eta_plus"),
         "step_sizes": ("step_size_min", "step_size_max")}


def struct(name, members):
    doubles, bools = (part.split() for part in members.split("|"))
    fields = [(field, ctypes.c_double) for field in doubles] + [(field, ctypes.c_bool) for field in bools]
    return type(name, (ctypes.Structure,), {"_fields_": fields, "optimizer": name})


CONFIGS = {name: struct(name, members) for name, (members, _) in ROWS.items()}


def set_options(config, **options):
    """Sets fields by torch's names of options; one that the config lacks is an error."""
    for option, value in options.items():
        for field, one in zip(PAIRS[option], value) if option in PAIRS else [(option, value)]:
            if field not in dict(config._fields_):
                raise Error(f"{config.optimizer} has no option {option}")
            setattr(config, field, one)


def torch_options(config):
    options = {name: getattr(config, name) for name, _ in config._fields_}
    for pair, fields in PAIRS.items():
        if fields[0] in options:
            options[pair] = tuple(options.pop(field) for field in fields)
    return options


def used_states(config):
    return [state for state, used in ROWS[config.optimizer][1].items() if used(config)]


def start_value(config, state):
    if state == "sum":
        return config.initial_accumulator_value
    return config.lr if state == "step_size" else 0.0


def start_states(config, like, full_like):
    """The states before the first step, by full_like of numpy or torch."""
    return {state: full_like(like, start_value(config, state)) for state in used_states(config)}


def address(array, n):
    if hasattr(array, "data_ptr"):  # torch
        fits = str(array.dtype) == "torch.float32" and array.is_contiguous() and array.numel() == n
        start = array.data_ptr()
    else:
        interface = array.__array_interface__
        fits = interface["typestr"] == "<f4" and interface["strides"] is None and array.size == n
        start = interface["data"][0]
    if not fits:
        raise Error(f"not a contiguous array of {n} float32")
    return ctypes.c_void_p(start)


class Library:
    def __init__(self, path=LIBRARY):
        try:
            self.c = ctypes.CDLL(os.fspath(path))
            for text in ("descend_version_string", "descend_isa_active", "descend_isa_name", "descend_status_string"):
                getattr(self.c, text).restype = ctypes.c_char_p
            self.c.descend_status_string.argtypes = [ctypes.c_int]
            self.c.descend_isa_name.argtypes = [ctypes.c_size_t]
            self.c.descend_isa_count.restype = ctypes.c_size_t
            self.c.descend_isa_supported.restype = ctypes.c_bool
            self.optimizers = [name for name in ROWS if hasattr(self.c, f"descend_{name}_step")]
            for name in self.optimizers:
                getattr(self.c, f"descend_{name}_defaults").restype = CONFIGS[name]
                getattr(self.c, f"descend_{name}_step").restype = ctypes.c_int
            if "nadam" in self.optimizers:
                self.c.descend_nadam_mu_product.restype = ctypes.c_float
        except (OSError, AttributeError) as error:
            raise Error(f"{error} (build it: cmake --preset release && cmake --build --preset release; or --library)") \
                from None

    def check(self, status):
        if status != 0:
            raise Refused(status, self.c.descend_status_string(status).decode())

    def version(self):
        return self.c.descend_version_string().decode()

    def active_isa(self):
        return self.c.descend_isa_active().decode()

    def isas(self):
        """The variants that can run here, slowest first."""
        names = [self.c.descend_isa_name(index) for index in range(self.c.descend_isa_count())]
        return [name.decode() for name in names if self.c.descend_isa_supported(name)]

    def force_isa(self, name):
        """None: the best that can run here."""
        self.check(self.c.descend_isa_force(None if name is None else name.encode()))

    def config(self, optimizer, **options):
        """The defaults, and over them torch's options."""
        if optimizer not in self.optimizers:
            raise Error(f"this library has no {optimizer}")
        config = getattr(self.c, f"descend_{optimizer}_defaults")()
        set_options(config, **options)
        return config

    def nadam_mu_product(self, config, step, previous):
        return self.c.descend_nadam_mu_product(ctypes.byref(config), ctypes.c_uint64(step), ctypes.c_float(previous))


class Optimizer:
    """The steps of one parameter array. config and exec may be changed between steps; NAdam's mu_product is kept here.

    states has an array for each state that the config uses, by name.
    """

    def __init__(self, library, config, param, grad, states):
        self.library, self.config, self.param, self.grad, self.states = library, config, param, grad, states
        self.exec, self.number = Exec(), ctypes.c_uint64(0)
        self.mu_product = ctypes.c_float(1) if config.optimizer == "nadam" else None
        n = param.numel() if hasattr(param, "numel") else param.size
        missing = [state for state in used_states(config) if state not in states]
        if missing:
            raise Error(f"{config.optimizer} with this config needs {', '.join(missing)}")
        names = ROWS[config.optimizer][1]
        pointers = [address(array, n) for array in (param, grad)]
        pointers += [address(states[state], n) if state in states else None for state in names]
        scalars = [] if self.mu_product is None else [self.mu_product]
        # Ready-made C values: to convert Python's at each call would take longer than a small update.
        self.call = functools.partial(getattr(library.c, f"descend_{config.optimizer}_step"), ctypes.byref(config),
                                      self.number, *scalars, *pointers, ctypes.c_size_t(n), ctypes.byref(self.exec))

    def step(self):
        """Raises Refused where the library refuses, with nothing changed but the count of steps."""
        self.number.value += 1
        if self.mu_product is not None:
            self.mu_product.value = self.library.nadam_mu_product(self.config, self.number.value, self.mu_product.value)
        status = self.call()
        if status != 0:
            self.library.check(status)
