"""That paper trading holds: equal to the replay, whatever is killed, shuffled, late, full or stopped."""
