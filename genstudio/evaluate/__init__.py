"""How good drawn items are: distances, coverage, modes, each with what it was measured on. No Qt, no training."""
