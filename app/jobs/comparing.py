"""Running several models on the same prompt and measuring them on the same text."""

from __future__ import annotations

from app.jobs.desk import AfterStop, Jobs

JOBS: Jobs = {}
AFTER_STOP: AfterStop = {}
