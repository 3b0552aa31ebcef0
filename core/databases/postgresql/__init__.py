"""PostgreSQL: its schema in neutral terms (reflect)."""

ENGINE = "postgresql"
