"""Which of several live models earns the most: rewards, the weights that follow, and one test at a planned size."""
