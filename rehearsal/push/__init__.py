"""A push to a local repository that does what delivery does on AWS, with a rehearsal instead of the deployment."""
