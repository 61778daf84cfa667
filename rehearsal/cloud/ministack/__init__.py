"""The adapter to ministack: the only code that knows its private names."""
