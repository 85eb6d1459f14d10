"""Looking into the open model: logit lens, influence, comparing and editing states, ablation."""

from __future__ import annotations

from app.jobs.desk import AfterStop, Jobs

JOBS: Jobs = {}
AFTER_STOP: AfterStop = {}
