"""Where training data comes from and how it reaches the network."""

from genstudio.data.dataset import Dataset
from genstudio.data.items import Rejected
from genstudio.data.source import open_source

__all__ = ["Dataset", "Rejected", "open_source"]
