"""`make bench`: every measurement, one after the other."""

from tests.benchmarks import events, lists, llm, rate, reset, speech, text_smelts, upload

for benchmark in (text_smelts, llm, speech, upload, events, rate, reset, lists):
    benchmark.measure()
