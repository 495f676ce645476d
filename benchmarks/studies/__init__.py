"""Commands of their own: trainings, predictions and exports that are measured as a whole."""
