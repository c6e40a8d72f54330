"""What a model has learnt: codes, the planes they are looked at in, directions, paths, and pictures from codes."""
