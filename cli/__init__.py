"""The command line: thin, a file a group of commands; the logic is core's."""
