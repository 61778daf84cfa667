"""The pages of the reference that are made from the code while the documentation is built."""
