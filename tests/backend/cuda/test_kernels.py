"""The fused kernels without a GPU, in Triton's interpreter, against the plain formulas. Needs Triton; a process of its own,
since Triton decides when a kernel is imported whether it is compiled or interpreted.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest
import torch

from tests.shared import ROOT, Saved

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="needs Triton"),
    pytest.mark.skipif(torch.cuda.is_available(), reason="the kernels themselves are tested on the GPU that is here"),
]

STEP = """
import sys, torch
from rwkv_backend.cuda import matrices
from rwkv_backend.cuda.fused import FusedModel, can_fuse
from rwkv_backend.cuda.pages import Page
from rwkv_backend.loading import open_model

torch.set_num_threads(1)
matrices.FEWEST_PROGRAMS = 1  # each costs time here
model = open_model(sys.argv[1], fast=False)
assert can_fuse(model)
state, tokens = model.new_state(), (3, 7)
want = [model.forward([token], state) for token in tokens]
fused, page, lodger = FusedModel(model), Page(model.new_state()), model.new_state()
page.hold(lodger)
for token, logits in zip(tokens, want):
    assert (fused.run(page, torch.tensor([token])) - logits).abs().max() < 2e-4
for mine, plain in zip(lodger.layers, state.layers):
    for name, numbers in plain.items():
        assert (mine[name] - numbers).abs().max() < 1e-3, name
"""


@pytest.mark.parametrize("kind", ["2-pile", "3-ffnpre", "4-wide", "5.0", "5.2", "6.0", "7.0"])
def test_fused_steps_equal_the_plain_formulas(kind: str, saved: Saved) -> None:
    env = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    run = subprocess.run(
        [sys.executable, "-c", STEP, str(saved(kind, n_layer=2, vocab=32))], env=env, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
