"""The cells of a table or request as a model's input: columns, fitted on the training split."""
