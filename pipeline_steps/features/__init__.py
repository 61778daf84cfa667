"""What turns the cells of a table or request into a model's input: columns, fitted on the training split."""
