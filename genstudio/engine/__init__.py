"""Training, runs and everything a trained model is asked for. Knows no Qt."""
