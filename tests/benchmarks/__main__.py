"""`make bench`: every measurement, one after the other."""

from tests.benchmarks import speech, text_smelts, upload

for benchmark in (text_smelts, speech, upload):
    benchmark.measure()
