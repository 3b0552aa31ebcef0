"""The movie library: the application that the demo site shows, with its tables, its facts and its generator."""
