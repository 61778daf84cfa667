"""The embedded AWS: a child process that speaks the AWS APIs on one loopback port."""
