"""The queue in front of a model: what a writer waits for comes first. No torch."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from templora.dispatch import Emit
from templora.engine import Compose, Continue, Drop, Failed, Learn, Request, Rewrite, Score
from templora.errors import EngineStopped


@dataclass(eq=False)
class Job:
    """One request under way, and where its answers go."""

    request: Request
    emit: Emit
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def urgency(self) -> int:
        """Lower comes first: forgetting, what streams to the page, what is quick, scoring that can wait, learning."""
        match self.request:
            case Drop():
                return 0
            case Continue() | Compose() | Rewrite():
                return 1
            case Score(patient=True):
                return 3
            case Learn():
                return 4
            case _:
                return 2


class Jobs:
    """Jobs by urgency, then in the order in which they came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._jobs: list[Job] = []
        self.closed = False

    def put(self, job: Job) -> None:
        with self._changed:
            if self.closed:
                raise EngineStopped("The model has been shut down.")
            self._jobs.append(job)
            self._changed.notify()

    def get(self) -> Job | None:
        """The next job, waited for; None once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self.closed)
            if self.closed:
                return None
            job = min(self._jobs, key=lambda job: job.urgency)
            self._jobs.remove(job)
            return job

    def empty(self) -> bool:
        return not self._jobs

    def more_urgent(self, than: Job) -> bool:
        """Whether this job should give way. Asked at every layer."""
        return self.closed or any(job.urgency < than.urgency for job in self._jobs)

    def close(self) -> None:
        """End `get`; whoever waits for a job that was not begun is told."""
        with self._changed:
            self.closed = True
            left, self._jobs = self._jobs, []
            self._changed.notify_all()
        for job in left:
            job.emit(Failed(EngineStopped.code, "The model has been shut down."))
