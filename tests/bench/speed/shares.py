"""Where a gateway's CPU time goes: samples of what the event loop's thread runs, each put down to one part.

Not py-spy, which must be allowed to look into another process, nor cProfile, which makes calls dearer than loops: a
timer of CPU time (ITIMER_PROF) interrupts the process some 250 times per second of it, and what stands on the stack
then is written down. A sample weighs what the event loop's thread has used since the last; what other threads used is
counted beside. Time in C is put down to the Python that called.
"""

from __future__ import annotations

import json
import signal
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, FrameType

SAMPLE_SECONDS = 0.001
"""Of CPU time; the kernel's clock makes it some four milliseconds."""

PARTS = (
    ("gateway/disclosure/", "record"),
    ("gateway/http/graphql.py:_json", "json"),
    ("gateway/http/parameters.py", "json"),
    ("gateway/http/request_log.py", "log_metrics"),
    ("gateway/logs.py", "log_metrics"),
    ("gateway/metrics.py", "log_metrics"),
    ("structlog/", "log_metrics"),
    ("prometheus_client/", "log_metrics"),
    ("gateway/identity/", "token"),
    ("gateway/execution/documents.py", "parse_validate"),
    ("gateway/execution/measures.py", "parse_validate"),
    ("gateway/policy/", "authorization"),
    ("gateway/producers/permitted.py", "authorization"),
    ("gateway/producers/", "producers"),
    ("gateway/store/", "database"),
    ("gateway/groups/", "database"),
    ("pymongo/", "database"),
    ("gateway/execution/", "execution"),
    ("gateway/schema/", "execution"),
    ("graphql/", "execution"),
    ("strawberry/", "execution"),
    ("aiodataloader", "execution"),
    ("gateway/http/", "http"),
    ("starlette/", "http"),
    ("uvicorn/", "http"),
)
"""By the innermost frame that is one of these, but whatever the record does is the record's: its writes, too."""

OTHER_THREADS = "other_threads"
LOOP = "event_loop"
RECORD = "gateway/disclosure/"


class Sampler:
    """Samples this process from `start` on. The main thread must be the event loop's."""

    def __init__(self) -> None:
        self._parts: defaultdict[str, float] = defaultdict(float)
        self._own: defaultdict[str, float] = defaultdict(float)
        self._inclusive: defaultdict[str, float] = defaultdict(float)
        self._places: dict[CodeType, str] = {}
        self._thread = self._process = 0.0

    def start(self) -> None:
        """Begins."""
        self._thread, self._process = time.thread_time(), time.process_time()
        signal.signal(signal.SIGPROF, self._sample)
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)

    def reset(self) -> None:
        """Forgets what was sampled so far."""
        self._parts.clear()
        self._own.clear()
        self._inclusive.clear()

    def write(self, file: Path) -> None:
        """Ends, and writes the seconds of CPU time by part, and by function."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        found = {
            "parts": _most(self._parts, len(self._parts)),
            "own": _most(self._own, 60),
            "inclusive": _most(self._inclusive, 150),
        }
        file.write_text(json.dumps(found))

    def _sample(self, _: int, frame: FrameType | None) -> None:
        thread, process = time.thread_time(), time.process_time()
        weight, others = thread - self._thread, (process - self._process) - (thread - self._thread)
        self._thread, self._process = thread, process
        self._parts[OTHER_THREADS] += others
        stack = []
        while frame is not None:
            stack.append(self._place(frame))
            frame = frame.f_back
        if stack:
            self._parts[part_of(stack)] += weight
            self._own[stack[0]] += weight
            for place in set(stack):
                self._inclusive[place] += weight

    def _place(self, frame: FrameType) -> str:
        code = frame.f_code
        place = self._places.get(code)
        if place is None:
            place = self._places[code] = f"{_short(code.co_filename)}:{code.co_qualname}"
        return place


def _most(seconds: Mapping[str, float], number: int) -> dict[str, float]:
    return dict(sorted(seconds.items(), key=lambda one: -one[1])[:number])


def part_of(stack: list[str]) -> str:
    """The part that a stack belongs to, the innermost place first."""
    if any(RECORD in place for place in stack):
        return "record"
    for place in stack:
        for prefix, part in PARTS:
            if prefix in place:
                return part
    return LOOP


def _short(file: str) -> str:
    """The path from the package on."""
    for mark in ("/site-packages/", "/python3.11/", "/python3.12/", "/python3.13/"):
        if mark in file:
            return file.rsplit(mark, 1)[1]
    at = file.rfind("/gateway/")
    return file[at + 1 :] if at >= 0 else file
