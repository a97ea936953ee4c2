"""Every table that holds work.

A file of its own: each record stands beside what its rows record, and here they come together.
"""

from db.work.files import FILES
from db.work.outputs import OUTPUTS
from db.work.schedules import RUNS
from db.work.webhooks import DELIVERIES

TABLES = (FILES, OUTPUTS, DELIVERIES, RUNS)
BY_QUEUE = {table.queue: table for table in TABLES}
