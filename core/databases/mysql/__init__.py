"""MariaDB and MySQL: the schema in neutral terms (reflect)."""

ENGINE = "mysql"
