"""The command line, a module per group of commands. `app.__main__` puts them together.

Exit codes: 0 fine, 1 something was found or failed, 2 wrong use or wrong configuration."""
