# SPDX-License-Identifier: MIT
"""descend through ctypes (include/descend/config.h, optimizer.h), for numpy's arrays and torch's tensors.

    library = descend.Library()
    config = library.config("adam", lr=0.01, betas=(0.9, 0.99))  # torch.optim's options; the others have their defaults
    optimizer = descend.Optimizer(config, param, grad, config.start_states(param, numpy.full_like))
    optimizer.step()  # reads grad, moves param and optimizer.states

What optimizers there are, their options and their states come from the library. Names of options and states are
torch's. Arrays are the caller's: contiguous float32 in this machine's memory, and writable but for the gradient. Stored
is for arrays of fewer bytes.
"""

import ctypes
import functools
import math
import os
import pathlib
import weakref

LIBRARY = pathlib.Path(__file__).resolve().parents[2] / "build/release/libdescend.so"

# descend_dtype, by torch's names.
DTYPES = {"float32": 0, "bfloat16": 1, "float16": 2}
BF16_SPLIT = 3
NUMPY_TYPES = {"<f4": "float32", "<f2": "float16", "<i2": "int16"}

# torch's options that are pairs.
PAIRS = {"betas": ("beta1", "beta2"), "etas": ("eta_minus", "eta_plus"),
         "step_sizes": ("step_size_min", "step_size_max")}


class Error(Exception):
    """Its text is one line."""


class Refused(Error):
    """A status other than DESCEND_OK."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class CField(ctypes.Structure):
    """descend_field"""
    _fields_ = [("name", ctypes.c_char_p), ("flag", ctypes.c_bool), ("minimum", ctypes.c_double),
                ("maximum", ctypes.c_double), ("refusal", ctypes.c_char_p), ("status", ctypes.c_int),
                ("offset", ctypes.c_size_t)]


class CState(ctypes.Structure):
    """descend_state"""
    _fields_ = [("name", ctypes.c_char_p), ("scalar", ctypes.c_bool), ("smallest", ctypes.c_int)]


class CConfig(ctypes.Structure):
    """descend_config"""
    _fields_ = [("kind", ctypes.c_int), ("room", ctypes.c_double * 32)]


class CExec(ctypes.Structure):
    """descend_exec"""
    _fields_ = [("threads", ctypes.c_uint), ("slice", ctypes.c_uint), ("slices", ctypes.c_uint),
                ("run", ctypes.c_void_p), ("pool", ctypes.c_void_p), ("serial_below", ctypes.c_size_t),
                ("reserved", ctypes.c_size_t * 7)]


class CArray(ctypes.Structure):
    """descend_array"""
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_int), ("second", ctypes.c_void_p)]


class CTensor(ctypes.Structure):
    """descend_tensor"""
    _fields_ = [("name", ctypes.c_char_p), ("n", ctypes.c_size_t), ("first", ctypes.c_uint64),
                ("whole", ctypes.c_uint64), ("rows", ctypes.c_uint64), ("columns", ctypes.c_uint64),
                ("step", ctypes.c_uint64), ("param", CArray), ("grad", CArray), ("copy", CArray),
                ("state", CArray * 4), ("reserved", ctypes.c_size_t * 8)]


# What the functions return, and their parameters. descend_step, which is to be fast, gets ready-made C values.
CONFIG = ctypes.POINTER(CConfig)
FUNCTIONS = {
    "descend_version_string": (ctypes.c_char_p, []),
    "descend_status_string": (ctypes.c_char_p, [ctypes.c_int]),
    "descend_isa_active": (ctypes.c_char_p, []),
    "descend_isa_count": (ctypes.c_size_t, []),
    "descend_isa_name": (ctypes.c_char_p, [ctypes.c_size_t]),
    "descend_isa_supported": (ctypes.c_bool, [ctypes.c_char_p]),
    "descend_isa_force": (ctypes.c_int, [ctypes.c_char_p]),
    "descend_kind_count": (ctypes.c_size_t, []),
    "descend_kind_name": (ctypes.c_char_p, [ctypes.c_int]),
    "descend_kind_field_count": (ctypes.c_size_t, [ctypes.c_int]),
    "descend_kind_field": (ctypes.POINTER(CField), [ctypes.c_int, ctypes.c_size_t]),
    "descend_kind_state_count": (ctypes.c_size_t, [ctypes.c_int]),
    "descend_kind_state": (ctypes.POINTER(CState), [ctypes.c_int, ctypes.c_size_t]),
    "descend_config_defaults": (CConfig, [ctypes.c_int]),
    "descend_config_set": (ctypes.c_int, [CONFIG, ctypes.c_char_p, ctypes.c_double]),
    "descend_config_get": (ctypes.c_int, [CONFIG, ctypes.c_char_p, ctypes.POINTER(ctypes.c_double)]),
    "descend_config_initial": (ctypes.c_float, [CONFIG, ctypes.c_size_t]),
    "descend_config_states": (ctypes.c_uint, [CONFIG]),
    "descend_config_advance": (ctypes.c_float, [CONFIG, ctypes.c_uint64, ctypes.c_float]),
    "descend_step": (ctypes.c_int, None),
    "descend_optimizer_create": (ctypes.c_int, [ctypes.POINTER(ctypes.c_void_p), CONFIG]),
    "descend_optimizer_destroy": (None, [ctypes.c_void_p]),
    "descend_optimizer_add": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_uint, ctypes.POINTER(CTensor),
                                             ctypes.c_size_t]),
    "descend_optimizer_step": (ctypes.c_int, None),
}


def find(name, array, written, types):
    """Where an array begins, how many elements it has, and its type. Raises Error where it has none of these types,
    where the library cannot use it, or would write what is read-only."""
    if hasattr(array, "data_ptr"):  # torch
        dtype = str(array.dtype).removeprefix("torch.")
        fits = (array.device.type == "cpu" and str(array.layout) == "torch.strided" and array.is_contiguous()
                and dtype in types and not array.is_neg())  # negated only when it is read
        start, read_only, n = array.data_ptr() if fits else None, False, array.numel()
    else:
        interface = getattr(array, "__array_interface__", {})
        dtype = NUMPY_TYPES.get(interface.get("typestr"))
        fits = (dtype in types and interface.get("strides") is None
                and isinstance(interface.get("data"), tuple))  # not a buffer, which says nothing of read-only
        start, read_only = interface["data"] if fits else (None, False)
        n = math.prod(interface.get("shape", ()))
    if not fits:
        raise Error(f"{name} is not a contiguous array of {' or '.join(types)} in this machine's memory")
    if read_only and written:
        raise Error(f"{name} is read-only")
    return start, n, dtype


def b8_load(codes, bases, storage):
    """What a state of a checkpoint holds that is stored in 8 bits, as float32 of numpy: from the arrays under its key and
    under the key + ".base", and the text in the metadata under "storage." + the key, "b8" or "ub8"."""
    import numpy  # pylint: disable=import-outside-toplevel  # which the rest does not need
    code, top, sign = (codes & 127, 126, codes & 128) if storage == "b8" else (codes, 254, 0 * codes)
    bits = numpy.where(code > top, 0x7fc00000, (code + numpy.repeat(bases.astype("u4"), 256)[:codes.size]) << 20)
    return (numpy.where((code == 0) & (storage == "b8"), 0, bits) | sign.astype("u4") << 24).astype("u4").view("f4")


class Library:
    """One file of the library. c has its functions; optimizers the kinds' numbers, by name."""

    def __init__(self, path=LIBRARY):
        try:
            self.c = ctypes.CDLL(os.fspath(path))
            for name, (result, parameters) in FUNCTIONS.items():
                function = getattr(self.c, name)
                function.restype, function.argtypes = result, parameters
        except (OSError, AttributeError) as error:
            raise Error(f"{error} (build it: cmake --preset release && cmake --build --preset release; or --library)") \
                from None
        self.optimizers = {self.c.descend_kind_name(kind).decode(): kind
                           for kind in range(1, self.c.descend_kind_count() + 1)}

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
        config = Config(self, optimizer)
        config.set_options(**options)
        return config


class Config:
    """The config of one kind of optimizer: config["lr"]."""

    def __init__(self, library, optimizer):
        self.library, self.optimizer = library, optimizer
        c, kind = library.c, library.optimizers[optimizer]
        self.c_config = c.descend_config_defaults(kind)
        self.pointer = ctypes.pointer(self.c_config)
        fields = [c.descend_kind_field(kind, i).contents for i in range(c.descend_kind_field_count(kind))]
        states = [c.descend_kind_state(kind, i).contents for i in range(c.descend_kind_state_count(kind))]
        self.flags = {field.name.decode(): field.flag for field in fields}  # whether each field is one
        self.scalars = {state.name.decode(): state.scalar for state in states}  # whether each state is one

    def __getitem__(self, field):
        value = ctypes.c_double()
        self.library.check(self.library.c.descend_config_get(self.pointer, field.encode(), ctypes.byref(value)))
        return bool(value.value) if self.flags[field] else value.value

    def __setitem__(self, field, value):
        self.library.check(self.library.c.descend_config_set(self.pointer, field.encode(), value))

    def set_options(self, **options):
        """Sets fields by torch's names of options, all of them or, where one is an error, none."""
        before = CConfig.from_buffer_copy(self.c_config)
        try:
            for option, value in options.items():
                for field, one in zip(PAIRS[option], value, strict=True) if option in PAIRS else [(option, value)]:
                    if field not in self.flags:
                        raise Error(f"{self.optimizer} has no option {option}")
                    self[field] = one
        except BaseException:
            self.pointer[0] = before
            raise

    def torch_options(self):
        options = {field: self[field] for field in self.flags}
        for pair, fields in PAIRS.items():
            if fields[0] in options:
                options[pair] = tuple(options.pop(field) for field in fields)
        return options

    def start(self, state):
        """What a state starts at."""
        return self.library.c.descend_config_initial(self.pointer, list(self.scalars).index(state))

    def arrays(self):
        """The states that are arrays and in use."""
        used = self.library.c.descend_config_states(self.pointer)
        return [state for i, (state, scalar) in enumerate(self.scalars.items()) if used >> i & 1 and not scalar]

    def start_states(self, like, full_like):
        """The arrays before the first step, by full_like of numpy or torch."""
        return {state: full_like(like, self.start(state)) for state in self.arrays()}


class Arrays:
    """The arrays of a parameter, by name. They are checked here, once, and kept: an array that torch has given other
    memory since (resize_, set_, data = …) is refused by check, and numpy refuses to resize one. types has, by name, the
    types that each may have."""

    def __init__(self, arrays, types):
        self.arrays = arrays
        found = {name: find(name, array, name != "grad", types[name]) for name, array in arrays.items()}
        self.n = found["param"][1]
        for name, (_, count, _) in found.items():
            if count != self.n:
                raise Error(f"{name} has {count} elements, param {self.n}")
        self.start = {name: start for name, (start, _, _) in found.items()}
        self.dtype = {name: dtype for name, (_, _, dtype) in found.items()}
        self.pins = [weakref.ref(array) for array in arrays.values()]  # numpy resizes no array that has one
        self.data_ptrs = [array.data_ptr for array in arrays.values() if hasattr(array, "data_ptr")]
        self.starts = [data_ptr() for data_ptr in self.data_ptrs]

    def check(self):
        if [data_ptr() for data_ptr in self.data_ptrs] != self.starts:
            raise Error("an array has other memory than at first")


class Optimizer:
    """The steps of one parameter array. The fields of config and exec may be changed between steps.

    states has an array for each state that the config uses, by name; for the arrays see Arrays. number is the number of
    steps so far, and scalars has the states of one number (NAdam's mu_product), which are kept here.
    """

    def __init__(self, config, param, grad, states):
        self.config, self.param, self.grad, self.states = config, param, grad, states
        self.exec, self.number = CExec(), 0
        self.scalars = {state: config.start(state) for state, scalar in config.scalars.items() if scalar}
        missing = [state for state in config.arrays() if state not in states]
        if missing:
            raise Error(f"{config.optimizer} with this config needs {', '.join(missing)}")
        given = [state for state, scalar in config.scalars.items() if state in states and not scalar]
        arrays = {"param": param, "grad": grad, **{state: states[state] for state in given}}
        self.kept = Arrays(arrays, dict.fromkeys(arrays, ["float32"]))
        # Ready-made C values: to convert Python's at each call would take longer than a small update.
        address = {name: ctypes.c_void_p(start) for name, start in self.kept.start.items()}
        self.c_step, self.c_scalars = ctypes.c_uint64(), {state: ctypes.c_float() for state in self.scalars}
        pointers = [ctypes.cast(ctypes.pointer(self.c_scalars[state]), ctypes.c_void_p) if scalar
                    else address.get(state) for state, scalar in config.scalars.items()]
        self.call = functools.partial(config.library.c.descend_step, config.pointer, self.c_step, address["param"],
                                      address["grad"], (ctypes.c_void_p * len(pointers))(*pointers),
                                      ctypes.c_size_t(self.kept.n), ctypes.byref(self.exec))

    def step(self):
        """Raises Refused where the library refuses, with nothing changed."""
        self.kept.check()
        self.c_step.value = number = self.number + 1
        for state, scalar in self.c_scalars.items():
            scalar.value = self.config.library.c.descend_config_advance(self.config.pointer, number,
                                                                        self.scalars[state])
        status = self.call()
        if status != 0:
            self.config.library.check(status)
        self.number = number
        for state, scalar in self.c_scalars.items():
            self.scalars[state] = scalar.value


class Stored:
    """The optimizer object over one parameter, whose arrays may be stored in fewer bytes (docs/storage.md). The fields
    of exec may be changed between steps; the config is copied.

    states has an array for each state, by name, except for those of one number. low, of int16, makes of a bfloat16
    parameter one that is split: it holds what the parameter lacks to float32. For the arrays see Arrays.
    """

    def __init__(self, config, param, grad, states, low=None):
        self.library, self.exec = config.library, CExec()
        if sorted(states) != sorted(config.arrays()):
            raise Error(f"the states of {config.optimizer} with this config are {', '.join(config.arrays())}")
        arrays = {"param": param, "grad": grad, **states}
        types = dict.fromkeys(arrays, list(DTYPES))
        if low is not None:
            arrays["low"] = low
            types.update(param=["bfloat16"], low=["int16"])
        self.kept = Arrays(arrays, types)
        self.c_optimizer, create = ctypes.c_void_p(), self.library.c.descend_optimizer_create
        self.library.check(create(ctypes.byref(self.c_optimizer), config.pointer))
        weakref.finalize(self, self.library.c.descend_optimizer_destroy, self.c_optimizer)
        tensor = self.c_tensor(config, states)
        self.library.check(self.library.c.descend_optimizer_add(self.c_optimizer, 0, ctypes.byref(tensor), 1))
        self.call = functools.partial(self.library.c.descend_optimizer_step, self.c_optimizer, None,
                                      ctypes.byref(self.exec))

    def c_tensor(self, config, states):
        start = self.kept.start
        arrays = {name: CArray(start[name], DTYPES[dtype]) for name, dtype in self.kept.dtype.items() if name != "low"}
        if "low" in start:
            arrays["param"] = CArray(start["param"], BF16_SPLIT, start["low"])
        tensor = CTensor(name=b"param", n=self.kept.n, param=arrays["param"], grad=arrays["grad"])
        for i, state in enumerate(config.scalars):
            if state in states:
                tensor.state[i] = arrays[state]
        return tensor

    def step(self):
        """Raises Refused where the library refuses, with nothing changed."""
        self.kept.check()
        status = self.call()
        if status != 0:
            self.library.check(status)
