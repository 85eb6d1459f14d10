"""The analyses in the whole window, with demo models: what is drawn is what the library computes, and edits can be undone."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.analysis_messages import PRESENT
from app.main_window import MainWindow
from app.plots.panel import PlotPanel
from app.settings import Settings
from rwkv_backend.analysis.influence import token_influence
from rwkv_backend.analysis.lens import logit_lens
from rwkv_backend.analysis.patching import patch_sweep
from rwkv_backend.demo_models import DemoModel, demo_models
from rwkv_backend.loading import open_model
from rwkv_backend.models.base import RWKVModel

PATIENCE = 60_000
PROMPT = "Once upon a time there was a king who had"
DEMOS = {demo.version: demo for demo in demo_models()}
V4, V6 = DEMOS["4"], DEMOS["6.0"]


@pytest.fixture
def window(qtbot: QtBot, light: None) -> Iterator[MainWindow]:
    window = MainWindow(Settings())
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    window.start_late_parts()
    qtbot.waitUntil(lambda: window.controller.engine is not None, timeout=PATIENCE)
    yield window
    window.close()
    assert window.controller.wait(PATIENCE / 1000)


def load(qtbot: QtBot, window: MainWindow, demo: DemoModel) -> None:
    with qtbot.waitSignal(window.controller.model_opened, timeout=PATIENCE):
        window.open_file(demo.path)
    settle(qtbot, window)


def settle(qtbot: QtBot, window: MainWindow) -> None:
    """Until nothing is computed and no question waits."""
    analysis = window.analysis

    def quiet() -> bool:
        waiting = analysis._follow.isActive() or analysis.lab.lab.edit._soon.isActive()
        return (
            window.controller.idle and not waiting and not any(q.running for d in analysis.desks for q in d._questions)
        )

    qtbot.waitUntil(quiet, timeout=PATIENCE)


def write(qtbot: QtBot, window: MainWindow, tokens: int, prompt: str = PROMPT) -> str:
    """The whole text afterwards."""
    panel = window.sampling_panel
    panel.restore({**panel.state(), "max_tokens": tokens})
    panel.set_params(replace(panel.params(), seed=5, banned=(0,)))
    window.conversation.set_mode("complete")
    window.conversation.set_prompt(prompt)
    with qtbot.waitSignal(window.controller.write_ended, timeout=PATIENCE):
        window.conversation.send()
    settle(qtbot, window)
    return window.conversation.text()


def session_of(window: MainWindow) -> Any:
    session = window.controller._worker._desk.session
    assert session is not None
    return session


def tokens_of(window: MainWindow) -> list[int]:
    return list(session_of(window).timeline.tokens)


def finish(steps: Any) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value


def model_of(demo: DemoModel) -> RWKVModel:
    return open_model(demo.path)


# Lens and influence


def test_lens_and_influence_show_what_the_library_finds_for_every_version(qtbot: QtBot, window: MainWindow) -> None:
    for demo in demo_models():
        load(qtbot, window, demo)
        write(qtbot, window, 6)
        assert_lens_is_the_librarys(qtbot, window, model_of(demo))
        assert_influence_is_the_librarys(qtbot, window, model_of(demo))


def assert_lens_is_the_librarys(qtbot: QtBot, window: MainWindow, model: RWKVModel) -> None:
    window.analysis.show_tab(window.analysis.lens)
    settle(qtbot, window)
    answer = window.analysis.lens.lens._answer
    assert answer is not None
    want = finish(logit_lens(model, tokens_of(window), top=3))
    assert answer.table.tokens == want.tokens
    np.testing.assert_allclose(answer.table.top_probabilities[:, :, :3], want.top_probabilities, atol=2e-3)
    assert len(window.analysis.lens.lens.rows()) == 1 + len(want.layers) * len(want.tokens)


def assert_influence_is_the_librarys(qtbot: QtBot, window: MainWindow, model: RWKVModel) -> None:
    plot = window.analysis.influence.plot
    window.analysis.show_tab(window.analysis.influence)
    settle(qtbot, window)
    assert plot._answer is not None
    want = finish(token_influence(model, tokens_of(window)))
    np.testing.assert_allclose(plot._answer.bars, want.overall, atol=2e-3)
    plot.choose(1)
    settle(qtbot, window)
    assert plot._answer.layer == 1
    np.testing.assert_allclose(plot._answer.values[-1].sum() + want.earlier[1], 1, atol=1e-3)


def test_a_tab_asks_when_it_is_seen_and_its_cells_move_the_scrubber(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V4)
    write(qtbot, window, 12)
    assert window.analysis.lens.lens._answer is None
    assert window.analysis.influence.plot._answer is None
    window.analysis.show_tab(window.analysis.lens)
    settle(qtbot, window)
    window.analysis.lens.lens._pick(4)
    assert window.timeline.desk.place == 5
    settle(qtbot, window)
    assert window.analysis.lens.lens.grid.column == 4


def test_leaving_out_can_be_stopped_and_what_was_found_stays(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V4)
    write(qtbot, window, 40)
    plot = window.analysis.influence.plot
    window.analysis.show_tab(window.analysis.influence)
    settle(qtbot, window)
    plot.leave_out.click()
    qtbot.waitUntil(lambda: plot._left_out is not None, timeout=PATIENCE)
    plot._stop.click()
    settle(qtbot, window)
    assert plot._left_out is not None
    known = ~np.isnan(plot._left_out.divergence)
    assert known.any()
    plot.leave_out.click()
    settle(qtbot, window)
    assert not np.isnan(plot._left_out.divergence).any(), "it can be begun again"
    assert "Rank correlation" in plot._about_strip.text()


# The lab


def edit(qtbot: QtBot, window: MainWindow, operation: str, layers: str = "") -> None:
    form = window.analysis.lab.lab.edit
    form.choose(operation, layers)
    form.apply_button.click()
    settle(qtbot, window)


def open_lab(qtbot: QtBot, window: MainWindow, page: int = 0) -> None:
    window.analysis.show_tab(window.analysis.lab)
    window.analysis.lab.lab.pages.setCurrentIndex(page)
    settle(qtbot, window)


def test_an_edit_changes_what_is_written_and_undo_restores_it(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V6)
    begun = write(qtbot, window, 30)
    untouched = write(qtbot, window, 30, begun)
    begun_again = write(qtbot, window, 30)
    assert begun_again == begun
    open_lab(qtbot, window)
    edit(qtbot, window, "zero")
    assert window.analysis.edited_label.isVisible()
    assert write(qtbot, window, 30, begun) != untouched
    assert window.analysis.edited_label.isVisible(), "what was written since rests on the edit"
    window.analysis.show_tab(window.analysis.lens)
    settle(qtbot, window)
    lens = window.analysis.lens.lens
    assert lens._answer is not None
    assert lens._answer.first == session_of(window).edited_at[-1]
    assert "edited after token" in lens._status.text()
    assert write(qtbot, window, 30) == begun, "before the edit the past is as it was"


def test_an_edit_is_previewed_and_undo_and_redo_exchange_the_very_states(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V6)
    write(qtbot, window, 20)
    open_lab(qtbot, window)
    form, session = window.analysis.lab.lab.edit, session_of(window)
    before = session.logits.clone()
    form.choose("zero", "1")
    settle(qtbot, window)
    assert form.words.change is not None, "previewed"
    assert torch.equal(session.logits, before)
    assert not window.analysis.edited_label.isVisible()
    edit(qtbot, window, "scale", "0-2")
    after = session.logits.clone()
    assert not torch.equal(before, after)
    form.undo_button.click()
    settle(qtbot, window)
    assert torch.equal(session.logits, before)
    assert not window.analysis.edited_label.isVisible()
    form.redo_button.click()
    settle(qtbot, window)
    assert torch.equal(session.logits, after)
    assert form.words.change is not None
    assert form.words.change.forward > 0


def test_a_snapshot_is_saved_loaded_and_compared(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    load(qtbot, window, V4)
    text = write(qtbot, window, 10)
    desk = window.analysis.lab
    open_lab(qtbot, window)
    desk.take()
    settle(qtbot, window)
    first = desk.contents.snapshots[0].id
    desk._save(first, tmp_path / "kept.safetensors")
    settle(qtbot, window)
    desk._load(tmp_path / "kept.safetensors")
    settle(qtbot, window)
    assert [info.name for info in desk.contents.snapshots] == ["snapshot 1", "kept"]
    write(qtbot, window, 10, text)
    open_lab(qtbot, window, 1)
    page = desk.lab.compare
    page.before.choose(first)
    page.after.choose(PRESENT)
    settle(qtbot, window)
    assert page.words.change is not None
    assert page.words.change.forward > 0
    assert len(page.bars.rows()) > 1
    page.after.choose(desk.contents.snapshots[1].id)
    settle(qtbot, window)
    assert page.words.change.forward == pytest.approx(0, abs=1e-6), "the file holds what was saved"
    desk._rename(first, "beginning")
    desk._drop(desk.contents.snapshots[1].id)
    settle(qtbot, window)
    qtbot.waitUntil(lambda: [info.name for info in desk.contents.snapshots] != ["snapshot 1", "kept"])


def test_a_sweep_can_be_stopped_and_begun_again(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V6)
    write(qtbot, window, 60)
    open_lab(qtbot, window, 2)
    page = window.analysis.lab.lab.ablate
    page._period.setCurrentIndex(2)
    page.plot.start.click()
    qtbot.waitUntil(lambda: page.plot._table is not None, timeout=PATIENCE)
    page.plot.stop.click()
    settle(qtbot, window)
    assert page.plot._table is not None
    assert np.isnan(page.plot._table.values).any(), "what was known when it stopped"
    page._period.setCurrentIndex(0)
    page.plot.start.click()
    settle(qtbot, window)
    assert not np.isnan(page.plot._table.values).any()


def test_who_remembers_is_answered_as_by_the_library_and_numbers_are_listed(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V6)
    text = write(qtbot, window, 20)
    open_lab(qtbot, window, 3)
    page = window.analysis.lab.lab.patch
    page.choose("king", "bear")
    page.plot.start.click()
    settle(qtbot, window)
    spell = session_of(window).tokenizer.encode
    ours, theirs = [0, *spell(text)], [0, *spell(text.replace("king", "bear"))]
    want = finish(patch_sweep(model_of(V6), ours, theirs, spell(" king")[0]))
    np.testing.assert_allclose(page.plot._tables[0].values, want.effect.values, atol=2e-3)
    page.choose("zebra", "bear")
    page.plot.start.click()
    settle(qtbot, window)
    note = page.plot.findChild(type(page.plot._note), "patching_note")
    assert "is not in the text" in page.plot._note.text()
    assert note is not None
    page.choose("king", "bear")
    page.plot.start.click()
    settle(qtbot, window)
    assert page.plot.tables, "an error does not stay"
    open_lab(qtbot, window, 4)
    rows = window.analysis.lab.lab.numbers.rows()
    assert [row[0] for row in rows[1:]] == list(range(6))


# What leaves the plots


def run_script(script: str) -> Any:
    found: dict[str, Any] = {}
    exec(script.replace("print(values.shape)", ""), found)
    return found["values"]


def copied(qtbot: QtBot, window: MainWindow, panel: PlotPanel) -> str:
    QGuiApplication.clipboard().clear()
    panel._ask_for_script()
    qtbot.waitUntil(lambda: bool(QGuiApplication.clipboard().text()), timeout=PATIENCE)
    return QGuiApplication.clipboard().text()


def test_exports_say_their_text_and_copied_lines_reproduce_what_is_drawn(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    load(qtbot, window, V6)
    write(qtbot, window, 30)
    analysis = window.analysis
    analysis.lens.lens._length.setCurrentIndex(0)
    analysis.influence.plot._length.setCurrentIndex(0)
    analysis.show_tab(analysis.lens)
    settle(qtbot, window)
    assert analysis.lens.lens._answer is not None
    assert analysis.lens.lens._answer.first > 0
    found = run_script(copied(qtbot, window, analysis.lens.lens))
    np.testing.assert_allclose(found, analysis.lens.lens._answer.table.top_probabilities, atol=2e-3)
    analysis.show_tab(analysis.influence)
    settle(qtbot, window)
    assert analysis.influence.plot._answer is not None
    found = run_script(copied(qtbot, window, analysis.influence.plot))
    np.testing.assert_allclose(found, analysis.influence.plot._answer.values, atol=2e-3)
    panel = analysis.influence.plot
    panel.save_csv(str(tmp_path / "influence.csv"))
    lines = (tmp_path / "influence.csv").read_text(encoding="utf-8-sig").splitlines()
    about = [line for line in lines if line.startswith("# ")]
    assert any(PROMPT in line for line in about)
    assert any("seed 5" in line for line in about)
    assert len(list(csv.reader(lines[len(about) :]))) == len(panel.rows())
