"""One module a command. Each imports what it needs inside the function, so that `orb --help` stays quick."""
