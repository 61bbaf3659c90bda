# SPDX-License-Identifier: MIT
"""The structs and functions of include/descend that this package uses, for ctypes."""

import ctypes

from descend.errors import Error

VERSION = (0, 1)  # of the headers that the structs below are from

# descend_dtype, by torch's names where torch has it.
DTYPES = {"float32": 0, "bfloat16": 1, "float16": 2, "b8": 4, "ub8": 5}
BF16_SPLIT = 3

STATES = 4  # DESCEND_STATES


class Field(ctypes.Structure):
    """descend_field"""
    _fields_ = [("name", ctypes.c_char_p), ("flag", ctypes.c_bool), ("minimum", ctypes.c_double),
                ("maximum", ctypes.c_double), ("refusal", ctypes.c_char_p), ("status", ctypes.c_int),
                ("offset", ctypes.c_size_t)]


class State(ctypes.Structure):
    """descend_state"""
    _fields_ = [("name", ctypes.c_char_p), ("scalar", ctypes.c_bool), ("smallest", ctypes.c_int)]


class Config(ctypes.Structure):
    """descend_config"""
    _fields_ = [("kind", ctypes.c_int), ("room", ctypes.c_double * 32)]


class Exec(ctypes.Structure):
    """descend_exec"""
    _fields_ = [("threads", ctypes.c_uint), ("slice", ctypes.c_uint), ("slices", ctypes.c_uint),
                ("run", ctypes.c_void_p), ("pool", ctypes.c_void_p), ("serial_below", ctypes.c_size_t),
                ("reserved", ctypes.c_size_t * 7)]


class Array(ctypes.Structure):
    """descend_array"""
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_int), ("second", ctypes.c_void_p)]


class Tensor(ctypes.Structure):
    """descend_tensor"""
    _fields_ = [("name", ctypes.c_char_p), ("n", ctypes.c_size_t), ("first", ctypes.c_uint64),
                ("whole", ctypes.c_uint64), ("rows", ctypes.c_uint64), ("columns", ctypes.c_uint64),
                ("step", ctypes.c_uint64), ("param", Array), ("grad", Array), ("copy", Array),
                ("state", Array * STATES), ("reserved", ctypes.c_size_t * 8)]


class Pass(ctypes.Structure):
    """descend_pass"""
    _fields_ = [("grad_scale", ctypes.POINTER(ctypes.c_double)), ("zero_grad", ctypes.c_bool),
                ("flush_subnormals", ctypes.c_bool), ("reserved", ctypes.c_size_t * 8)]


class Measurement(ctypes.Structure):
    """descend_measurement"""
    _fields_ = [("norm", ctypes.c_double), ("norm_inf", ctypes.c_double), ("finite", ctypes.c_bool)]


class Note(ctypes.Structure):
    """descend_note"""
    _fields_ = [("key", ctypes.c_char_p), ("value", ctypes.c_char_p)]


class Checkpoint(ctypes.Structure):
    """descend_checkpoint"""
    _fields_ = [("params", ctypes.c_bool), ("scaler", ctypes.c_void_p), ("notes", ctypes.POINTER(Note)),
                ("note_count", ctypes.c_size_t), ("reserved", ctypes.c_size_t * 8)]


CONFIG = ctypes.POINTER(Config)
OPTIMIZER = ctypes.c_void_p
EXEC = ctypes.POINTER(Exec)

# What the functions return, and their parameters. Those that are to be fast get ready-made C values: None.
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
    "descend_kind_field": (ctypes.POINTER(Field), [ctypes.c_int, ctypes.c_size_t]),
    "descend_kind_state_count": (ctypes.c_size_t, [ctypes.c_int]),
    "descend_kind_state": (ctypes.POINTER(State), [ctypes.c_int, ctypes.c_size_t]),
    "descend_config_defaults": (Config, [ctypes.c_int]),
    "descend_config_set": (ctypes.c_int, [CONFIG, ctypes.c_char_p, ctypes.c_double]),
    "descend_config_get": (ctypes.c_int, [CONFIG, ctypes.c_char_p, ctypes.POINTER(ctypes.c_double)]),
    "descend_config_initial": (ctypes.c_float, [CONFIG, ctypes.c_size_t]),
    "descend_config_states": (ctypes.c_uint, [CONFIG]),
    "descend_config_advance": (ctypes.c_float, [CONFIG, ctypes.c_uint64, ctypes.c_float]),
    "descend_step": (ctypes.c_int, None),
    "descend_array_load": (ctypes.c_int, [ctypes.POINTER(Array), ctypes.c_size_t, ctypes.c_void_p]),
    "descend_optimizer_create": (ctypes.c_int, [ctypes.POINTER(OPTIMIZER), CONFIG]),
    "descend_optimizer_destroy": (None, [OPTIMIZER]),
    "descend_optimizer_group": (ctypes.c_int, [OPTIMIZER, CONFIG, ctypes.POINTER(ctypes.c_uint)]),
    "descend_optimizer_config": (ctypes.c_int, [OPTIMIZER, ctypes.c_uint, CONFIG]),
    "descend_optimizer_configure": (ctypes.c_int, [OPTIMIZER, ctypes.c_uint, CONFIG]),
    "descend_optimizer_add": (ctypes.c_int, [OPTIMIZER, ctypes.c_uint, ctypes.POINTER(Tensor), ctypes.c_size_t]),
    "descend_optimizer_set_grad": (ctypes.c_int, [OPTIMIZER, ctypes.c_size_t, ctypes.c_void_p]),
    "descend_optimizer_set_seed": (ctypes.c_int, [OPTIMIZER, ctypes.c_uint64]),
    "descend_optimizer_set_lr": (ctypes.c_int, [OPTIMIZER, ctypes.c_uint, ctypes.c_double]),
    "descend_optimizer_zero_grad": (ctypes.c_int, [OPTIMIZER, EXEC]),
    "descend_optimizer_step": (ctypes.c_int, None),
    "descend_optimizer_measure": (ctypes.c_int, [OPTIMIZER, EXEC, ctypes.POINTER(Measurement)]),
    "descend_optimizer_tensor": (ctypes.c_int, [OPTIMIZER, ctypes.c_size_t, ctypes.POINTER(Tensor),
                                                ctypes.POINTER(ctypes.c_uint)]),
    "descend_optimizer_tensor_count": (ctypes.c_size_t, [OPTIMIZER]),
    "descend_optimizer_state_length": (ctypes.c_size_t, [OPTIMIZER, ctypes.c_size_t, ctypes.c_size_t]),
}

# Of libdescend_io.
FILE_FUNCTIONS = {
    "descend_optimizer_save": (ctypes.c_int, [OPTIMIZER, ctypes.c_char_p, ctypes.POINTER(Checkpoint)]),
    "descend_optimizer_load": (ctypes.c_int, [OPTIMIZER, ctypes.c_char_p, ctypes.POINTER(Checkpoint)]),
}


def text(encoded):
    """A text for C, which would end it at a NUL."""
    if b"\0" in encoded:
        raise Error(f"{encoded!r} has a NUL")
    return encoded


def declare(library, functions):
    """Raises AttributeError where the library lacks one."""
    for name, (result, parameters) in functions.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, parameters
