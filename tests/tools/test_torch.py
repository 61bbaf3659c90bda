#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests descend.torch beside torch.optim: test_torch.py LIBRARY [unittest's arguments].

PyTorch runs its baseline kernels, and its NAdam is mended, so that all bits have to be equal. Without PyTorch it exits
with 77, ctest's sign for a skipped test.
"""

import io
import threading
from unittest import mock

import torch_case
from torch_case import CLASSES, RUNS, Case, all_of, content, network, pair, params_of, tensor_bytes, train

import torch
from descend import torch as ours
from descend.torch import engine

STEPS = 500


class Bits(Case):
    def test_a_run_that_changes_sides_twice_is_torch_s(self):
        for name, theirs, options in RUNS:
            with self.subTest(name=name, options=options):
                steps = STEPS if options == CLASSES[name][1][0] else 40
                model, right = network(), network()
                whole = getattr(torch.optim, theirs)(right.parameters(), **options)
                optimizer = getattr(torch.optim, theirs)(model.parameters(), **options)
                train(right, whole, 3 * steps)
                train(model, optimizer, steps)
                for side in (getattr(ours, name), getattr(torch.optim, theirs)):
                    saved = io.BytesIO()
                    torch.save(optimizer.state_dict(), saved)
                    saved.seek(0)
                    optimizer = side(model.parameters(), **options)
                    optimizer.load_state_dict(torch.load(saved))
                    train(model, optimizer, steps)
                self.assert_same(optimizer, whole)

    def test_from_the_beginning(self):
        for name, theirs, options in RUNS:
            with self.subTest(name=name, options=options):
                mine, optimizer, other, whole = pair(name, theirs, options)
                self.assert_same(optimizer, whole)
                self.assertIsInstance(optimizer, getattr(torch.optim, theirs))
                self.assertEqual(repr(optimizer).split("\n")[1:], repr(whole).split("\n")[1:])
                for _ in range(3):
                    train(mine, optimizer, 1)
                    train(other, whole, 1)
                    self.assert_same(optimizer, whole)

    def test_threads(self):
        """The library's own number, where that is torch's; else torch's is given."""
        results = []
        for threads, own, given in ((1, 1, 0), (2, 2, 0), (1, 2, 1), (2, 1, 2), (2, 0, 2)):
            torch.set_num_threads(threads)
            if threads == own:
                self.assertEqual(engine.openmp_max_threads()(), own)
            param = torch.nn.Parameter(torch.linspace(-1, 1, 100_000))
            optimizer = ours.Adam([param])
            for _ in range(3):
                param.grad = param.detach().sin()
                with mock.patch.object(engine, "openmp_max_threads", return_value=lambda own=own: own):
                    optimizer.step()
            self.assertEqual(optimizer.engine.optimizer.exec.threads, given)
            results.append(all_of(optimizer))
        self.assertEqual(results, results[:1] * 5)

    def test_optimizers_of_several_threads(self):
        sides = [pair("Adam", "Adam", {}) for _ in range(4)]
        workers = [threading.Thread(target=train, args=(mine, optimizer, 50)) for mine, optimizer, _, _ in sides]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        for _, optimizer, other, whole in sides:
            train(other, whole, 50)
            self.assert_same(optimizer, whole)


class Beginnings(Case):
    def test_momentum(self):
        param = torch.nn.Parameter(torch.ones(4))
        self.assertEqual(ours.Momentum([param], 0.1).defaults, torch.optim.SGD([param], 0.1, 0.9).defaults)
        param.grad = torch.ones(4)
        optimizer = ours.Momentum([param], 0.1)
        optimizer.step()
        self.assertEqual(tensor_bytes(optimizer.state[param]["momentum_buffer"]), tensor_bytes(torch.ones(4)))

    def test_start_values_of_adagrad(self):
        """Those of groups torch does not heed."""
        param = torch.nn.Parameter(torch.ones(4))
        optimizer = ours.Adagrad([{"params": [param], "initial_accumulator_value": 9}], initial_accumulator_value=2)
        param.grad = torch.ones(4)
        optimizer.step()
        self.assertEqual(optimizer.state[param]["sum"].tolist(), [3.0] * 4)


class Loop(Case):
    def both(self, name, theirs, options, run, same=True):
        """run(model, optimizer) on both sides: what it returns, and all else, is equal."""
        mine, optimizer, other, whole = pair(name, theirs, options)
        self.assertEqual(content(run(mine, optimizer)), content(run(other, whole)))
        if same:
            self.assert_same(optimizer, whole)

    def test_schedulers(self):
        schedulers = torch.optim.lr_scheduler
        for name, theirs, options in RUNS:
            if name == "ASGD":
                continue
            with self.subTest(name=name, options=options):
                self.both(name, theirs, options, lambda model, optimizer: train(
                    model, optimizer, 20, schedulers.StepLR(optimizer, 3, 0.5)))
        for name, theirs, options in (("Adam", "Adam", {}), ("SGD", "SGD", {"lr": 0.1, "momentum": 0.5})):
            with self.subTest(name=name):  # betas and momentum change, too
                self.both(name, theirs, options, lambda model, optimizer: train(
                    model, optimizer, 20, schedulers.OneCycleLR(optimizer, 0.1, total_steps=30)))

    def test_asgd_takes_a_rate_one_step_earlier(self):
        mine, optimizer, other, whole = pair("ASGD", "ASGD", {"lr": 0.1, "lambd": 0.1})
        train(mine, optimizer, 5)
        train(other, whole, 4)
        whole.param_groups[0]["lr"] = optimizer.param_groups[0]["lr"] = 0.01
        train(other, whole, 1)
        train(mine, optimizer, 5)
        train(other, whole, 5)
        self.assert_same(optimizer, whole)

    def test_options_that_need_another_state(self):
        def run(model, optimizer):
            train(model, optimizer, 3)
            for momentum in (0.9, 0, 0.5):
                optimizer.param_groups[0]["momentum"] = momentum
                train(model, optimizer, 3)
        self.both("SGD", "SGD", {"lr": 0.1, "dampening": 0.5}, run)

    def test_groups(self):
        def run(model, optimizer):
            for number, layer in enumerate((model[0], model[2])):
                optimizer.add_param_group({"params": layer.parameters(), "lr": 0.1 / (number + 1), "weight_decay": 0.1})
                train(model, optimizer, 5)
        for name, (theirs, options) in CLASSES.items():
            if name == "Adagrad":  # torch makes its state with the optimizer only
                continue
            with self.subTest(name=name):
                sides = []
                for side in (getattr(ours, name), getattr(torch.optim, theirs)):
                    more, model = torch.nn.Parameter(torch.ones(3)), network()
                    optimizer = side([{"params": [more]}], **options[0])
                    run(model, optimizer)
                    sides.append(all_of(optimizer))
                self.assertEqual(*sides)

    def test_absent_gradients(self):
        def run(model, optimizer):
            for step in range(1, 20):
                for layer, absent in (model[0], step % 3), (model[2], step % 4):
                    for param in layer.parameters():
                        param.requires_grad_(not absent)
                        param.grad = None
                model[2].bias.requires_grad_(True)
                train(model, optimizer, 1)
                if step == 4:  # now all have had one
                    engine = optimizer.engine if hasattr(optimizer, "engine") else None
            self.assertIs(engine, optimizer.engine if engine else None)
        for name, (theirs, options) in CLASSES.items():
            with self.subTest(name=name):
                self.both(name, theirs, options[0], run)

    def test_no_gradient_at_all(self):
        self.both("Adam", "Adam", {}, lambda model, optimizer: [optimizer.step() for _ in range(2)])
        self.both("Adagrad", "Adagrad", {}, lambda model, optimizer: [optimizer.step() for _ in range(2)])

    def test_zero_grad(self):
        def run(model, optimizer):
            for step in range(6):
                torch.nn.functional.mse_loss(model(torch_case.INPUTS), torch_case.TARGETS).backward()
                optimizer.step()
                optimizer.zero_grad(set_to_none=step % 2 == 0)
            return [param.grad for param in params_of(optimizer)]
        self.both("Adam", "Adam", {"foreach": False}, run)

    def test_closures(self):
        def run(model, optimizer):
            def closure():
                optimizer.zero_grad()
                loss = torch.nn.functional.mse_loss(model(torch_case.INPUTS), torch_case.TARGETS)
                loss.backward()
                return loss
            with torch.no_grad():
                return [optimizer.step(closure) for _ in range(3)]
        for name, (theirs, options) in CLASSES.items():
            self.both(name, theirs, options[0], run)

    def test_gradients_that_are_not_contiguous(self):
        grads = [torch.linspace(-1, 1, 12).reshape(4, 3).t(), torch.full((1, 1), 0.5).expand(3, 4),
                 torch.linspace(-1, 1, 24).reshape(3, 8)[:, ::2],
                 torch.ones(3, 4)._neg_view(),  # pylint: disable=protected-access
                 torch.full((3, 4), 2.0, requires_grad=True) * 3]
        sides = []
        for side in (ours.Adam, torch.optim.Adam):
            param = torch.nn.Parameter(torch.ones(3, 4))
            optimizer = side([param])
            for grad in grads * 2:
                param.grad = grad
                optimizer.step()
                self.assertIs(param.grad, grad)
            sides.append(all_of(optimizer))
        self.assertEqual(*sides)

    def test_tensors_without_and_with_one_element(self):
        for name, (theirs, options) in CLASSES.items():
            with self.subTest(name=name):
                sides = []
                for side in (getattr(ours, name), getattr(torch.optim, theirs)):
                    params = [torch.nn.Parameter(torch.ones(shape)) for shape in ((0,), (), (2, 0), (1,))]
                    optimizer = side(params, **options[0])
                    for _ in range(3):
                        for param in params:
                            param.grad = torch.ones_like(param)
                        optimizer.step()
                    sides.append(all_of(optimizer))
                self.assertEqual(*sides)

    def test_profiler(self):
        def run(model, optimizer):
            train(model, optimizer, 1)
            with torch.profiler.profile() as profile:
                train(model, optimizer, 2)
            return [(event.key.split("#")[0], event.count) for event in profile.key_averages()
                    if event.key.startswith("Optimizer.")]
        self.both("Adam", "Adam", {}, run)

    def test_autograd_notices_the_update(self):
        param = torch.nn.Parameter(torch.ones(3))
        optimizer = ours.SGD([param], lr=0.1)
        loss = (param * param).sum()
        param.grad = torch.ones(3)
        optimizer.step()
        with self.assertRaisesRegex(RuntimeError, "modified by an inplace operation"):
            loss.backward()

    def test_autograd_does_not_notice_a_step_without_the_parameter(self):
        params = [torch.nn.Parameter(torch.ones(3)) for _ in range(2)]
        optimizer = ours.SGD(params, lr=0.1)
        for param in params:
            param.grad = torch.ones(3)
        optimizer.step()
        loss = (params[0] * params[0]).sum()
        params[0].grad = None
        optimizer.step()
        loss.backward()
        self.assertEqual(params[0].grad.tolist(), (2 * params[0]).tolist())


if __name__ == "__main__":
    torch_case.main()
