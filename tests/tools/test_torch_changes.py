#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests descend.torch where something changes between two steps, and what it refuses: test_torch_changes.py LIBRARY
[unittest's arguments].

As test_torch.py it compares with PyTorch's baseline kernels. Without PyTorch it exits with 77.
"""

import copy
import pickle
import warnings

import torch_case
from torch_case import CLASSES, Case, all_of, content, network, pair, params_of, train

import torch
import descend
from descend import torch as ours


class Changes(Case):
    """What a caller may do between two steps, and torch takes."""

    def both(self, change, name="Adam"):
        sides = []
        for side in (getattr(ours, name), getattr(torch.optim, CLASSES[name][0])):
            model = network()
            optimizer = side(model.parameters(), **CLASSES[name][1][0])
            train(model, optimizer, 3)
            optimizer = change(model, optimizer) or optimizer
            train(model, optimizer, 3)
            sides.append(all_of(optimizer))
        self.assertEqual(*sides)

    def test_other_memory(self):
        def param(model, _):
            model[0].weight.data = torch.ones(5, 6)

        def turned(model, _):
            model[0].weight.data = model[0].weight.detach().t().contiguous().t().contiguous()

        def grad(model, _):
            model[0].weight.grad.data = torch.ones(5, 6)

        def state(model, optimizer):
            optimizer.state[model[0].weight]["exp_avg"].data = torch.ones(5, 6)

        def number(model, optimizer):
            optimizer.state[model[0].weight]["step"].data = torch.tensor(7.)

        for change in (param, turned, grad, state, number):
            with self.subTest(change=change.__name__):
                self.both(change)

    def test_other_states(self):
        def tensor(model, optimizer):
            optimizer.state[model[0].weight]["exp_avg_sq"] = torch.ones(5, 6)

        def count(model, optimizer):
            optimizer.state[model[0].weight]["step"].fill_(7)

        def other_count(model, optimizer):
            optimizer.state[model[0].weight]["step"] = torch.tensor(7.)

        def turned(model, optimizer):
            optimizer.state[model[0].weight]["exp_avg"] = torch.linspace(-1, 1, 30).reshape(6, 5).t()

        def one(model, optimizer):
            optimizer.state[model[0].weight] = {}

        def all_states(_, optimizer):
            optimizer.state.clear()

        def removed(model, optimizer):
            del optimizer.state[model[2].weight]

        for change in (tensor, count, other_count, turned, one, all_states, removed):
            with self.subTest(change=change.__name__):
                self.both(change)

    def test_counts_that_are_no_tensors(self):
        def count(model, optimizer):
            optimizer.state[model[0].weight]["step"] = 7
        self.both(count, "RMSprop")

    def test_counts_of_other_types(self):
        """They become float32."""
        for count in torch.tensor(7), torch.tensor(7.0, dtype=torch.float64):
            models = network(), network()
            for model, side in zip(models, (ours.Adam, torch.optim.Adam)):
                optimizer = side(model.parameters())
                train(model, optimizer, 1)
                optimizer.state[model[0].weight]["step"] = count.clone()
                train(model, optimizer, 2)
                self.assertEqual(optimizer.state[model[0].weight]["step"], 9)
            self.assertEqual(*(content(dict(model.state_dict())) for model in models))

    def test_other_parameters(self):
        def fewer(_, optimizer):
            del optimizer.state[optimizer.param_groups[0]["params"].pop(1)]

        def replaced(model, optimizer):
            state = optimizer.state.pop(model[2].bias)
            model[2].bias = optimizer.param_groups[0]["params"][-1] = torch.nn.Parameter(torch.ones(2))
            optimizer.state[model[2].bias] = state

        def regrouped(_, optimizer):
            last = optimizer.param_groups[0]["params"].pop()
            optimizer.add_param_group({"params": [last], "lr": 0.5})

        for change in (fewer, replaced, regrouped):
            with self.subTest(change=change.__name__):
                self.both(change)

    def test_a_rate_that_is_a_tensor(self):
        model, right = network(), network()
        optimizer, whole = ours.SGD(model.parameters(), torch.tensor(0.5)), torch.optim.SGD(right.parameters(), 0.5)
        for _ in range(2):
            train(model, optimizer, 1)
            train(right, whole, 1)
            optimizer.param_groups[0]["lr"].fill_(0.25)
            whole.param_groups[0]["lr"] = 0.25
        self.assertEqual(*(content([param.detach() for param in one.parameters()]) for one in (model, right)))

    def test_copies(self):
        def pickled(model, optimizer):
            model_, copied = pickle.loads(pickle.dumps((model, optimizer)))
            train(model_, copied, 2)
            model.load_state_dict(model_.state_dict())
            optimizer.load_state_dict(copied.state_dict())

        def deep(model, optimizer):
            model_, copied = copy.deepcopy((model, optimizer))
            before = all_of(optimizer)
            train(model_, copied, 2)
            self.assertEqual(all_of(optimizer), before)
            train(model, optimizer, 2)
            self.assertEqual(all_of(copied), all_of(optimizer))

        for name in CLASSES:
            for change in (pickled, deep):
                with self.subTest(name=name, change=change.__name__):
                    self.both(change, name)


class Surroundings(Case):
    """What has an effect on the tensors that torch makes."""

    def test_default_type(self):
        """Of torch, where an optimizer of the same options takes its first step."""
        params = [torch.nn.Parameter(torch.ones(3)) for _ in range(2)]
        for name in CLASSES:
            for param, default in zip(params, (torch.float64, torch.float32)):
                param.grad = torch.ones(3)
                optimizer = getattr(ours, name)([param], lr=0.125)
                torch.set_default_dtype(default)
                try:
                    optimizer.step()
                finally:
                    torch.set_default_dtype(torch.float32)
        self.assertEqual(*map(content, params))

    def test_rates_that_are_integers(self):
        """Of which torch's ASGD makes integer states."""
        results = []
        for lr in (1, 1.0):
            param = torch.nn.Parameter(torch.ones(3))
            param.grad = torch.ones(3)
            optimizer = ours.ASGD([param], lr=lr)
            optimizer.step()
            results.append(content([param, list(optimizer.state[param].values())]))
        self.assertEqual(*results)

    def test_a_rate_of_asgd_that_vanishes(self):
        param = torch.nn.Parameter(torch.ones(3))
        param.grad = torch.ones(3)
        optimizer = ours.ASGD([param], lr=0.5, lambd=1)
        optimizer.step()
        optimizer.param_groups[0]["alpha"] = 1e39
        before = content(param)
        optimizer.step()
        self.assertEqual((content(param), optimizer.state[param]["step"], optimizer.state[param]["eta"]),
                         (before, 2, 0))

    def test_parameters_that_begin_to_exist_later(self):
        sides = []
        for side in (ours.Adam, torch.optim.Adam):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that they are new in torch
                model = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.LazyLinear(2))
            optimizer = side(model.parameters())
            torch.manual_seed(4)
            for step in range(3):
                if step:
                    torch.nn.functional.mse_loss(model(torch_case.INPUTS), torch_case.TARGETS).backward()
                optimizer.step()
            sides.append((model[1].weight.shape, optimizer.state_dict()["state"].keys()))
        self.assertEqual(*sides)

    def test_inference_mode(self):
        with torch.inference_mode():
            param = torch.nn.Parameter(torch.ones(3))
            param.grad = torch.ones(3)
            optimizer = ours.Adam([param])
            optimizer.step()
            before = all_of(optimizer)
        with self.assertRaisesRegex(RuntimeError, "Inplace update to inference tensor"):
            optimizer.step()
        with torch.inference_mode():
            self.assertEqual(all_of(optimizer), before)
            optimizer.step()
            self.assertEqual(optimizer.state[param]["step"], 2)


class Refusals(Case):
    def refused(self, optimizer, text, error=descend.Error):
        """A step is, and leaves all as it was."""
        before = all_of(optimizer), list(optimizer.state)
        grads = [None if param.grad is None else content(param.grad) for param in params_of(optimizer)
                 if param.grad is None or not param.grad.is_sparse]
        for _ in range(2):
            with self.assertRaisesRegex(error, text):
                optimizer.step()
        self.assertEqual((all_of(optimizer), list(optimizer.state)), before)
        self.assertEqual([None if param.grad is None else content(param.grad) for param in params_of(optimizer)
                          if param.grad is None or not param.grad.is_sparse], grads)

    def test_steps(self):
        """In the last of the parameters, at the first step and later; then all goes on as in torch."""
        for late in (False, True):
            for wrong in (self.sparse, self.doubles, self.strided, self.rate, self.pair_of_three, self.not_here,
                          self.spoilt_state):
                with self.subTest(late=late, wrong=wrong.__name__):
                    mine, optimizer, other, whole = pair("Adam", "Adam", {})
                    if late:
                        train(mine, optimizer, 2)
                        train(other, whole, 2)
                    optimizer.zero_grad(set_to_none=True)
                    torch.nn.functional.mse_loss(mine(torch_case.INPUTS), torch_case.TARGETS).backward()
                    wrong(optimizer)
                    train(mine, optimizer, 2)
                    train(other, whole, 2)
                    self.assert_same(optimizer, whole)

    def sparse(self, optimizer):
        param = params_of(optimizer)[-1]
        param.grad = param.grad.to_sparse()
        self.refused(optimizer, "gradient of a parameter of shape .*sparse")
        param.grad = None

    def doubles(self, optimizer):
        param = params_of(optimizer)[-1]
        data = param.data
        param.grad, param.data = None, param.data.double()
        param.grad = torch.ones_like(param)
        self.refused(optimizer, r"a parameter of shape \[2\] is torch.float64")
        param.grad = None
        param.data = data

    def strided(self, optimizer):
        param = params_of(optimizer)[-2]
        data = param.data
        param.data = torch.empty(5, 2).copy_(data.t()).t()
        self.refused(optimizer, r"a parameter of shape \[2, 5\] is .*contiguous")
        param.data = data

    def rate(self, optimizer):
        optimizer.add_param_group({"params": torch.nn.Parameter(torch.ones(3))})
        optimizer.param_groups[1]["params"][0].grad = torch.ones(3)
        optimizer.param_groups[1]["lr"] = -1.0
        self.refused(optimizer, "lr is negative")
        optimizer.param_groups.pop()

    def pair_of_three(self, optimizer):
        optimizer.param_groups[0]["betas"] = (0.5, 0.5, 0.5)
        self.refused(optimizer, "", ValueError)
        optimizer.param_groups[0]["betas"] = (0.9, 0.999)

    def not_here(self, optimizer):
        optimizer.param_groups[0]["capturable"] = True
        self.refused(optimizer, "no capturable=True")
        optimizer.param_groups[0]["capturable"] = False

    def spoilt_state(self, optimizer):
        param = params_of(optimizer)[-1]
        before = optimizer.state.pop(param, None)
        for state, text in (({"step": torch.tensor(3.)}, "no exp_avg, exp_avg_sq"),
                            ({"step": torch.tensor(3.), "exp_avg": torch.ones(2), "exp_avg_sq": torch.ones(2).double()},
                             r"exp_avg_sq .* is no float32 tensor of shape \[2\]"),
                            ({"step": torch.tensor(2.5), "exp_avg": torch.ones(2), "exp_avg_sq": torch.ones(2)},
                             "has 2.5 steps"),
                            ({"step": torch.tensor(0.), "exp_avg": torch.ones(2), "exp_avg_sq": torch.ones(2)},
                             "exp_avg .* is not what it starts at")):
            optimizer.state[param] = state
            self.refused(optimizer, text)
        optimizer.state.pop(param)
        if before is not None:
            optimizer.state[param] = before

    def test_spoilt_between_steps(self):
        def removed(param, optimizer):
            del optimizer.state[param]["exp_avg_sq"]

        def cut(param, _):
            param.grad.data = torch.ones(1)

        def turned(param, optimizer):
            optimizer.state[param]["exp_avg"] = torch.ones(1, 3)

        for change, text in ((removed, "has no exp_avg_sq"),
                             (turned, r"exp_avg .* no float32 tensor of shape \[3\]"),
                             (cut, r"gradient .* of shape \[1\]")):
            with self.subTest(change=change.__name__):
                param = torch.nn.Parameter(torch.ones(3))
                optimizer = ours.Adam([param])
                param.grad = torch.ones(3)
                optimizer.step()
                change(param, optimizer)
                self.refused(optimizer, text)

    def test_numbers_that_are_none(self):
        for wrong in torch.ones(2), torch.ones(1, dtype=torch.complex64), torch.ones(1, device="meta"):
            param = torch.nn.Parameter(torch.ones(3))
            param.grad = torch.ones(3)
            optimizer = ours.NAdam([param])
            optimizer.step()
            before = content(param)
            optimizer.state[param]["mu_product"] = wrong
            with self.subTest(wrong=wrong), self.assertRaisesRegex(descend.Error, "mu_product .* not one real number"):
                optimizer.step()
            self.assertEqual(content(param), before)

    def test_shared_memory(self):
        flat = torch.ones(6)
        params = [torch.nn.Parameter(flat[:4]), torch.nn.Parameter(flat[3:])]
        optimizer = ours.Adam(params)
        for param in params:
            param.grad = torch.ones_like(param)
        self.refused(optimizer, "two arrays overlap")

    def test_other_shapes_in_the_same_memory(self):
        for change, text in ((torch.t, "a parameter of shape .* contiguous"),
                             (lambda data: data[:2], r"of shape \[2, 3\]")):
            param = torch.nn.Parameter(torch.ones(3, 3))
            optimizer = ours.Adam([param])
            param.grad = torch.ones_like(param)
            optimizer.step()
            param.grad, param.data = None, change(param.data)
            param.grad = torch.ones(param.shape)
            self.refused(optimizer, text)

    def test_gradients_that_share_memory(self):
        """After a step that was refused half-way, the next one reads its own gradients."""
        sides = []
        for side in (ours.Adam, torch.optim.Adam):
            params = [torch.nn.Parameter(torch.ones(3)) for _ in range(2)]
            optimizer = side(params)
            grads = [torch.full((3,), 0.5), torch.full((3,), 0.25)]
            params[0].grad, params[1].grad = grads
            optimizer.step()
            if side is ours.Adam:
                params[0].grad, params[1].grad = torch.full((3,), 7.0), params[1].detach()
                self.refused(optimizer, "two arrays overlap")
                params[0].grad, params[1].grad = grads
            optimizer.step()
            sides.append(all_of(optimizer))
        self.assertEqual(*sides)

    def test_optimizers(self):
        param = torch.nn.Parameter(torch.ones(4, 4))
        for params, options, text in (([torch.nn.Parameter(torch.ones(3).double())], {}, "torch.float64"),
                                      ([torch.nn.Parameter(torch.ones(3, dtype=torch.complex64))], {}, "complex64"),
                                      ([torch.nn.Parameter(torch.ones(3).bfloat16())], {}, "bfloat16"),
                                      ([torch.nn.Parameter(torch.ones(3, device="meta"))], {}, "meta"),
                                      ([torch.nn.Parameter(torch.ones(4, 4)[:, :2])], {}, "contiguous"),
                                      ([param], {"capturable": True}, "no capturable"),
                                      ([param], {"differentiable": True}, "no differentiable"),
                                      ([param], {"eps": float("inf")}, "eps is ")):
            with self.subTest(text=text), self.assertRaisesRegex(descend.Error, text):
                ours.Adam(params, **options)
        optimizer = ours.Adam([param])
        with self.assertRaisesRegex(descend.Error, "torch.float64"):
            optimizer.add_param_group({"params": torch.nn.Parameter(torch.ones(3).double())})
        self.assertEqual(len(optimizer.param_groups), 1)
        with self.assertWarns(UserWarning), self.assertRaisesRegex(descend.Error, "twice"):
            ours.Adam([param, param])


if __name__ == "__main__":
    torch_case.main()
