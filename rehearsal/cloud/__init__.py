"""The embedded AWS: a child process that serves the AWS APIs on one loopback port."""
