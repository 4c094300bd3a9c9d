"""Paper trading: from the tape to the journal. `trader` takes a step; all else serves it or calls it."""
