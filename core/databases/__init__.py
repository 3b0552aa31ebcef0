"""One module an engine: how its database is copied, counted, checked and locked."""
