"""The versions of the catalog's tables, and the Alembic environment that walks them."""
