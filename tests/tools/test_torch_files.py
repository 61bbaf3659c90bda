#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests python3 -m descend.torch, which converts torch's checkpoints: test_torch_files.py LIBRARY DESCEND-CKPT
[unittest's arguments]. Without PyTorch it exits with 77."""

import collections
import contextlib
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

import torch_case
from torch_case import CLASSES, RUNS, Case, content, network, train

import torch
import descend
from descend.torch import __main__ as program

CKPT = None
PACKAGE = Path(__file__).resolve().parents[2] / "tools/python"


class Files(Case):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.pt, self.file, self.back = (Path(folder.name, name) for name in ("in.pt", "it.safetensors", "back.pt"))

    def converted(self, *arguments):
        """In this process, as to load PyTorch takes seconds."""
        with mock.patch("sys.argv", ["descend.torch", *map(str, arguments)]), \
                contextlib.redirect_stdout(io.StringIO()) as output:
            program.main()
        return output.getvalue()

    def refused(self, *arguments):
        with self.assertRaisesRegex(SystemExit, r"\Adescend\.torch: .*\Z") as ended:
            self.converted(*arguments)
        return str(ended.exception)

    def save(self, model, optimizer, **more):
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), **more}, self.pt)

    def assert_same_file(self):
        saved, back = torch.load(self.pt), torch.load(self.back)
        self.assertEqual(content(dict(saved["model"])), content(dict(back["model"])))
        self.assertEqual(content(saved["optimizer"]), content(back["optimizer"]))


class There(Files):
    def there_and_back(self, model, optimizer, name):
        self.save(model, optimizer)
        self.assertEqual(descend.torch.convert.to_safetensors(self.pt, self.file, getattr(descend.torch, name)), [])
        descend.torch.convert.from_safetensors(self.file, self.back)
        self.assert_same_file()

    def test_and_back(self):
        for name, theirs, options in RUNS:
            for steps in (0, 3):
                with self.subTest(name=name, options=options, steps=steps):
                    model = network()
                    optimizer = getattr(torch.optim, theirs)(model.parameters(), **options)
                    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=30) \
                        if "betas" in options else torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
                    model[2].bias.requires_grad_(False)
                    train(model, optimizer, steps, scheduler)
                    self.there_and_back(model, optimizer, name)

    def test_parameters_without_and_with_one_element(self):
        for name, theirs, options in RUNS:
            with self.subTest(name=name, options=options):
                model = torch.nn.ParameterDict({f"p{len(shape)}": torch.ones(shape) for shape in ((), (2,), (0, 3))})
                optimizer = getattr(torch.optim, theirs)(model.parameters(), **options)
                for _ in range(2):
                    for param in model.parameters():
                        param.grad = torch.ones_like(param)
                    optimizer.step()
                self.there_and_back(model, optimizer, name)

    def test_groups_of_an_earlier_torch(self):
        model = network()
        optimizer = torch.optim.Adam(model.parameters())
        train(model, optimizer, 2)
        for option in ("foreach", "capturable", "maximize"):
            del optimizer.param_groups[0][option]
        self.there_and_back(model, optimizer, "Adam")

    def test_by_command(self):
        """The tool lists it, and the object loads it."""
        model = network()
        optimizer = torch.optim.NAdam(model.parameters())
        train(model, optimizer, 3)
        self.save(model, optimizer)
        for command in (["to-safetensors", self.pt, self.file, "--optimizer", "nadam"],
                        ["from-safetensors", self.file, self.back]):
            done = subprocess.run([sys.executable, "-m", "descend.torch", *command], capture_output=True, check=False,
                                  env={**os.environ, "PYTHONPATH": os.fspath(PACKAGE)})
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))
        self.assert_same_file()
        listed = subprocess.run([CKPT, "list", self.file], capture_output=True, text=True, check=True).stdout
        for text in ("nadam", "0.weight", "state.2.bias.exp_avg_sq"):
            self.assertIn(text, listed)
        subprocess.run([CKPT, "verify", self.file], check=True, stdout=subprocess.DEVNULL)
        loaded = descend.Optimizer(descend.config("nadam"))
        params = {name: torch.zeros_like(param) for name, param in model.state_dict().items()}
        for name, param in params.items():
            loaded.add(name, param)
        loaded.load(self.file)
        self.assertEqual(content(params), content(dict(model.state_dict())))
        self.assertEqual([loaded.steps(index) for index in range(4)], [3] * 4)

    def test_training_goes_on_in_the_library(self):
        """A file that the library has saved again has no notes of torch's. Its shapes come from another checkpoint."""
        for name in ("Adam", "RMSprop", "Adagrad", "NAdam"):
            theirs, options = CLASSES[name]
            model, right = network(), network()
            optimizer, whole = (getattr(torch.optim, theirs)(one.parameters(), **options[0]) for one in (model, right))
            train(model, optimizer, 2)
            train(right, whole, 2)
            self.save(model, optimizer, epoch=7)
            self.converted("to-safetensors", self.pt, self.file, "--optimizer", name.lower())
            again = descend.Optimizer(descend.config(name.lower()))
            params = {name: torch.zeros(param.shape) for name, param in model.state_dict().items()}
            for key, param in right.named_parameters():
                again.add(key, params[key], torch.full_like(params[key], 0.5))
                param.grad = torch.full_like(param, 0.5)
            again.load(self.file)
            again.set_lr(0.25)
            whole.param_groups[0]["lr"] = 0.25
            again.step()
            whole.step()
            again.save(self.file)
            self.converted("from-safetensors", self.file, self.back, "--like", self.pt)
            back = torch.load(self.back)
            self.assertEqual((back["epoch"], list(back["model"])), (7, list(model.state_dict())))
            self.assertEqual(content(dict(back["model"])), content(dict(right.state_dict())))
            self.assertEqual(content(back["optimizer"]), content(whole.state_dict()))
            self.converted("from-safetensors", self.file, self.back)
            self.assertEqual(torch.load(self.back)["model"]["0.weight"].shape, (30,))
            self.assertEqual(content(torch.load(self.back)["optimizer"]["param_groups"]),
                             content(whole.state_dict()["param_groups"]))

    def test_buffers(self):
        model = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 2))
        optimizer = torch.optim.Adam(model.parameters())
        train(model, optimizer, 2)
        self.save(model, optimizer)
        output = self.converted("to-safetensors", self.pt, self.file, "--optimizer", "adam")
        self.assertIn("no parameters: 1.running_mean, 1.running_var, 1.num_batches_tracked (", output)
        self.converted("from-safetensors", self.file, self.back, "--like", self.pt)
        self.assert_same_file()

    def test_tied_parameters(self):
        """A file that has been trained on has one of the names. Loading both must not bring the old values back."""
        model = torch.nn.Sequential(torch.nn.Linear(6, 6), torch.nn.Linear(6, 6), torch.nn.Linear(6, 2))
        model[1].weight = model[0].weight
        names = [name for name, _ in model.named_parameters()]
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        train(model, optimizer, 1)
        self.save(model, optimizer)
        descend.torch.convert.to_safetensors(self.pt, self.file, descend.torch.SGD, names)
        library = descend.Optimizer(descend.config("sgd", lr=0.1))
        params = {name: torch.empty(param.shape) for name, param in model.named_parameters()}
        for name, param in params.items():
            library.add(name, param, torch.ones_like(param))
        library.load(self.file)
        library.step()
        library.save(self.file)
        self.converted("from-safetensors", self.file, self.back, "--like", self.pt)
        back = torch.load(self.back)["model"]
        self.assertEqual(content(params), content({name: back[name] for name in params}))
        self.assertEqual(content(back["1.weight"]), content(params["0.weight"]))

    def test_groups(self):
        model = network()
        params = collections.OrderedDict(model.named_parameters())
        names = ["2.bias", "0.weight", "2.weight", "0.bias"]
        optimizer = torch.optim.AdamW([{"params": [params[names[0]]], "lr": 0.5},
                                       {"params": [params[name] for name in names[1:]], "amsgrad": True}])
        train(model, optimizer, 2)
        self.save(model, optimizer)
        call = ("to-safetensors", self.pt, self.file, "--optimizer", "adamw")
        self.assertIn("2 groups", self.refused(*call))
        listed = self.pt.with_name("names")
        listed.write_text("\n".join(names), encoding="ascii")
        self.converted(*call, "--names", listed)
        self.converted("from-safetensors", self.file, self.back, "--like", self.pt)
        self.assert_same_file()
        for wrong, text in ((names[1:], "3 names"), ([], "0 names"), (names[:3] + ["0.biased"], "no tensor 0.biased"),
                            (names[::-1], r"0.bias: exp_avg .* tensor of shape \[5\]")):
            listed.write_text("\n".join(wrong), encoding="ascii")
            self.file.unlink(missing_ok=True)
            self.assertRegex(self.refused(*call, "--names", listed), text)
            self.assertFalse(self.file.exists())


class Refusals(Files):
    def test_states(self):
        """Of a checkpoint that torch would take."""
        model = torch.nn.Sequential(torch.nn.Linear(6, 5, bias=False), torch.nn.Linear(5, 2))
        optimizer = torch.optim.Adam([model[0].weight], amsgrad=True)
        model[0].weight.grad = torch.ones(5, 6)
        optimizer.step()
        del model[1]

        def refused(text):
            self.save(model, optimizer)
            self.assertRegex(self.refused("to-safetensors", self.pt, self.file, "--optimizer", "adam"), text)
            self.assertFalse(self.file.exists())

        optimizer.param_groups[0]["amsgrad"] = False
        refused("state of 0.weight has step, exp_avg, exp_avg_sq, max_exp_avg_sq, and .* step, exp_avg, exp_avg_sq$")
        optimizer.param_groups[0]["amsgrad"] = True
        optimizer.state[model[0].weight]["step"].fill_(0)
        refused("0.weight: exp_avg .* is not what it starts at")
        optimizer.state[model[0].weight]["step"].fill_(1)
        optimizer.state[model[0].weight]["exp_avg"] = torch.ones(6, 5)
        refused(r"0.weight: exp_avg in the state of a parameter is no float32 tensor of shape \[5, 6\]$")
        optimizer.state[model[0].weight]["exp_avg"] = torch.ones(5, 6)
        optimizer.param_groups[0]["max_lr"] = torch.tensor(0.5)
        refused("no text for .*tensor")

    def test_there(self):
        model = network()
        optimizer = torch.optim.Adam(model.parameters())
        train(model, optimizer, 2)
        self.save(model, optimizer)
        for name, text in (("sgd", "a group has no dampening, "), ("nadam", "no momentum_decay")):
            self.assertIn(text, self.refused("to-safetensors", self.pt, self.file, "--optimizer", name))
        self.assertIn("No such file", self.refused("to-safetensors", self.back, self.file, "--optimizer", "adam"))
        torch.save(model.state_dict(), self.pt)
        self.assertIn("state dicts 'model' and 'optimizer'",
                      self.refused("to-safetensors", self.pt, self.file, "--optimizer", "adam"))
        for wrong in (b"no checkpoint", b""):
            self.pt.write_bytes(wrong)
            self.assertIn("in.pt cannot be loaded by torch: ",
                          self.refused("to-safetensors", self.pt, self.file, "--optimizer", "adam"))
        for groups, states in ((None, {}), ([], {}), ([{}], {}), ([{"params": [0]}], [])):
            torch.save({"model": model.state_dict(), "optimizer": {"param_groups": groups, "state": states}}, self.pt)
            self.assertIn("no state dict of an optimizer",
                          self.refused("to-safetensors", self.pt, self.file, "--optimizer", "adam"))
        self.save(model.double(), optimizer)
        self.assertIn("0.weight: a parameter of shape [5, 6] is torch.float64",
                      self.refused("to-safetensors", self.pt, self.file, "--optimizer", "adam"))
        self.save(torch.nn.Linear(6, 5), optimizer)
        self.assertIn("4 parameters, and the model 2 tensors",
                      self.refused("to-safetensors", self.pt, self.file, "--optimizer", "adam"))
        self.assertFalse(self.file.exists())

    def test_back(self):
        config = descend.config("lion")
        optimizer = descend.Optimizer(config)
        optimizer.add("w", torch.ones(3), torch.ones(3))
        optimizer.save(self.file)
        self.assertIn("torch.optim has no lion", self.refused("from-safetensors", self.file, self.back))
        optimizer = descend.Optimizer(descend.config("sgd"))
        optimizer.add("w", torch.ones(3), torch.ones(3))
        optimizer.save(self.file, params=False)
        self.assertIn("no parameters", self.refused("from-safetensors", self.file, self.back))
        optimizer.save(self.file)
        content_ = bytearray(self.file.read_bytes())
        content_[-1] ^= 1
        self.file.write_bytes(content_)
        self.assertIn("checksum", self.refused("from-safetensors", self.file, self.back))
        other = torch.nn.Parameter(torch.ones(3))
        torch.save({"model": {"w": other}, "optimizer": torch.optim.SGD(
            [{"params": [other]}, {"params": [torch.nn.Parameter(torch.ones(2))]}], lr=0.1).state_dict()}, self.pt)
        optimizer.save(self.file)
        self.assertIn("has 1 groups, and ",
                      self.refused("from-safetensors", self.file, self.back, "--like", self.pt))
        for tensor, text in ((torch.ones(4), "w has 3 elements, and not the shape"),
                             (torch.ones(3).double(), "in.pt has w in torch.float64"), (None, "has no tensor w")):
            torch.save({"model": {"w": tensor}, "optimizer": torch.optim.SGD([other], lr=0.1).state_dict()}, self.pt)
            self.assertIn(text, self.refused("from-safetensors", self.file, self.back, "--like", self.pt))
        self.back.mkdir()
        self.assertIn("directory", self.refused("from-safetensors", self.file, self.back))
        self.back.rmdir()
        self.assertEqual(sorted(path.name for path in self.back.parent.iterdir()), [self.pt.name, self.file.name])
        self.file.write_bytes(b"short")
        self.assertIn("no safetensors file", self.refused("from-safetensors", self.file, self.back))
        self.assertFalse(self.back.exists())


if __name__ == "__main__":
    CKPT = sys.argv.pop(2)
    torch_case.main()
