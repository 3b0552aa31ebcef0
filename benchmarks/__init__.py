"""What greenroom is measured by, beside its peers, in one run: `make bench`."""
