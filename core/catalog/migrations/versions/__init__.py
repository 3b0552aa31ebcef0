"""One module a version; `core.catalog.versions.REVISIONS` lists them in order."""
