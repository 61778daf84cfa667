"""The code of this capability's Lambda functions; each folder is one function."""
