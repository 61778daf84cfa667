"""Files that the steps of a batch hand to one another."""

PLAN = "plan.json"
"""What was collected, and the model package that scores it."""

REPORT = "batch.json"
"""What became of the rows, and whether they may be published."""

FAILED_ROWS = "failed_rows.jsonl"
"""Each row without a prediction: file, number, reason, and the row."""

MEGABYTE = 1024 * 1024
