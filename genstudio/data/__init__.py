"""Where training data comes from and how it reaches the network."""

from genstudio.data.source import Dataset, Rejected, open_source

__all__ = ["Dataset", "Rejected", "open_source"]
