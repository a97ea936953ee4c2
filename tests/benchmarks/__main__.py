"""`make bench`: every measurement, one after the other."""

from tests.benchmarks import (
    as_heard,
    bare_rows,
    claims,
    cost,
    events,
    lists,
    llm,
    rate,
    reset,
    scale,
    speech,
    text_smelts,
    upload,
)

for benchmark in (
    text_smelts,
    cost,
    scale,
    bare_rows,
    claims,
    llm,
    speech,
    as_heard,
    upload,
    events,
    rate,
    reset,
    lists,
):
    benchmark.measure()
