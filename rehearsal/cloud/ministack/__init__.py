"""The adapter to ministack: the only code that uses its private names."""
