"""What stands behind the Latent page: the thread that draws, what is looked at, where one has been."""
