"""Where in the artifacts bucket the scoring of files keeps what it reads and writes."""

BATCH = "batch"
WORK = f"{BATCH}/work"
"""A folder an execution: requests, responses, and results that are not published yet, or were refused."""

UPLOADS = f"{BATCH}/uploads"
"""Files that `slipway score --file` sends."""

QUERIES = f"{BATCH}/queries"
"""A folder a scheduled query: `rows` that it found, and `notes` of Athena."""

ROWS, NOTES = "rows", "notes"

PUBLISHED = f"{BATCH}/published"
"""A folder an execution: the results, a report, and the manifest that is written last."""

MANIFEST = "manifest.json"
"""Without it, what lies in a folder of published results is not complete."""

COLLECTED, RESPONSES, ASSEMBLED = "collect", "responses", "assemble"
"""Folders of an execution's work, each written by one kind of job."""
