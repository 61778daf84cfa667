"""The laptop engine: the same templates and the same pipeline definition, without an AWS account."""
