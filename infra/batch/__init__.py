"""The scoring of files: a pipeline of its own, the roles of its jobs, its schedule, and what reports its failures."""
