# SPDX-License-Identifier: MIT
"""Configs by torch's names of options."""

import ctypes

import numpy

from descend import c as declarations
from descend.errors import Error

# torch's options that are pairs.
PAIRS = {"betas": ("beta1", "beta2"), "etas": ("eta_minus", "eta_plus"),
         "step_sizes": ("step_size_min", "step_size_max")}


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

    def __copy__(self):
        config = Config(self.library, self.optimizer)
        config.pointer[0] = self.c_config
        return config

    def __deepcopy__(self, _):
        return self.__copy__()

    def __getitem__(self, field):
        value = ctypes.c_double()
        self.library.check(self.library.c.descend_config_get(self.pointer, field.encode(), ctypes.byref(value)))
        return bool(value.value) if self.flags[field] else value.value

    def __setitem__(self, field, value):
        self.library.check(self.library.c.descend_config_set(self.pointer, field.encode(), float(value)))

    def set_options(self, **options):
        """Sets fields by torch's names of options, all of them or, where one is an error, none."""
        before = declarations.Config.from_buffer_copy(self.c_config)
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

    def advance(self, number, previous):
        """The state of one number after step `number`, from its value after the step before (NAdam's mu_product)."""
        return self.library.c.descend_config_advance(self.pointer, number, previous)

    def start_states(self, like):
        """The arrays before the first step, of numpy or of torch as `like` is."""
        if hasattr(like, "data_ptr"):
            return {state: like.detach().new_full(like.shape, self.start(state)) for state in self.arrays()}
        return {state: numpy.full_like(like, self.start(state)) for state in self.arrays()}
