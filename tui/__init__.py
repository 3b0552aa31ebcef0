"""The terminal app: screens over the verbs of core, and none of their logic."""
