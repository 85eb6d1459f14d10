"""Going back, forking, editing and replaying what the model has read and written."""

from __future__ import annotations

from app.jobs.desk import AfterStop, Jobs

JOBS: Jobs = {}
AFTER_STOP: AfterStop = {}
