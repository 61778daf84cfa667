"""Random forests of scikit-learn."""
