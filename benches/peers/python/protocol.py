"""How the driver of the measurements and a measured process talk: see `benches/protocol`."""

import itertools
import json
import sys
import time
from dataclasses import dataclass

POOL = 4096
SAMPLES = {"train": 64, "one": 1, "batch": 256}


@dataclass
class Request:
    """What a process is started for: `WORKLOAD MEASURE THREADS`."""

    workload: str
    measure: str
    threads: int

    @classmethod
    def from_arguments(cls, *measures):
        workload, measure, threads = sys.argv[1:]
        if measure not in measures:
            sys.exit(f"`{measure}` is not measured here")
        return cls(workload, measure, int(threads))

    @property
    def samples(self):
        """Samples in one step."""
        return SAMPLES[self.measure]

    def batches(self, pool, convert=lambda batch: batch):
        """The samples of the pool, batch by batch, over and over."""
        starts = range(0, POOL, self.samples)
        return itertools.cycle([convert(pool[start : start + self.samples]) for start in starts])

    def serve(self, parameters, step):
        """Answers the driver until it has no more questions."""
        step()
        self.answer("parameters", parameters)
        for line in sys.stdin:
            self.answer(self.measure, self.window(float(line), step))

    def window(self, seconds, step):
        """Samples per second in one window: of processor time for one thread, which other processes do not disturb,
        else of time."""
        clock = time.process_time if self.threads == 1 else time.perf_counter
        steps, chunk = 0, 1
        start = clock()
        while True:
            for _ in range(chunk):
                step()
            steps += chunk
            elapsed = clock() - start
            if elapsed >= seconds:
                return steps * self.samples / elapsed
            if elapsed < seconds / 64:
                chunk *= 2

    def answer(self, measure, value):
        print(json.dumps({"workload": self.workload, "measure": measure, "value": value}), flush=True)
