"""What the user sees: live progress, the summary and the report."""
