"""Tables of a neutral schema made on an engine: drafted, fitted to what it has, said in its SQL, with what is lost."""
