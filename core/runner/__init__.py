"""The loop that makes backups by themselves, and whose turn it is to run it."""
