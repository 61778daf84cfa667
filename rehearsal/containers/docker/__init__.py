"""The real image in real containers: every job and every model server by the `docker` command line."""
