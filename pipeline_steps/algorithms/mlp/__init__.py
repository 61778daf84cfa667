"""Neural networks: multilayer perceptrons of scikit-learn."""
