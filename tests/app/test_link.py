"""The link: text is never lost, the newest progress and frame win, stopping reaches jobs that wait."""

from __future__ import annotations

from app.link import Link
from app.messages import ClearSession, JobDone, Progressed, Wrote
from rwkv_backend.records import Frame, FrameSpec, Progress, Step


def step(text: str) -> Step:
    return Step(0, 1, text.encode(), text, -1.0)


def test_all_text_arrives_in_order_and_only_the_newest_progress() -> None:
    link = Link()
    for done in range(5):
        link.post(Progressed(1, "reading", Progress(done, 5, "tokens")))
    for text in "abc":
        link.post(Wrote(1, step(text)))
    link.post(JobDone(1, False))
    reports = link.take().reports
    assert [type(r) for r in reports] == [Progressed, Wrote, Wrote, Wrote, JobDone]
    assert isinstance(reports[0], Progressed)
    assert reports[0].progress.done == 4
    assert "".join(r.step.text for r in reports if isinstance(r, Wrote)) == "abc"
    assert link.take().reports == ()


def test_progress_of_another_job_does_not_replace_this_ones() -> None:
    link = Link()
    link.post(Progressed(1, "loading", Progress(1, 2, "bytes")))
    link.post(Progressed(2, "loading", Progress(1, 2, "bytes")))
    assert len(link.take().reports) == 2


def test_one_frame_waits_at_most_and_none_is_wanted_until_it_is_taken() -> None:
    link = Link()
    assert link.wants_frame()
    first, second = (Frame(FrameSpec(), n, "") for n in (1, 2))
    link.post_frame(first)
    assert not link.wants_frame()
    link.post_frame(second)
    assert link.take().frame is second
    assert link.wants_frame()
    assert link.take().frame is None


def test_frames_keep_their_distance_in_time() -> None:
    link = Link()
    link.set_pace(3600)
    link.post_frame(Frame(FrameSpec(), 1, ""))
    link.take()
    assert not link.wants_frame()
    link.set_pace(0)
    assert link.wants_frame()


def test_a_job_that_waits_can_be_stopped_and_one_that_is_over_is_left_alone() -> None:
    link = Link()
    job = ClearSession(1)
    link.send(job)
    link.stop(1)
    assert job.stop.is_set()
    other = ClearSession(2)
    link.send(other)
    link.finished(other)
    link.stop(2)
    assert not other.stop.is_set()


def test_closing_stops_every_job_and_ends_the_queue() -> None:
    link = Link()
    jobs = [ClearSession(1), ClearSession(2)]
    for job in jobs:
        link.send(job)
    link.close()
    assert all(job.stop.is_set() for job in jobs)
    assert [link.next_job(), link.next_job(), link.next_job()] == [*jobs, None]
