"""Linear models: logistic, multinomial, ridge and elastic net, Poisson."""
