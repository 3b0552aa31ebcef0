"""What is being edited at a site: drafts, what was published, the way back. In a file of greenroom's own, beside it."""
