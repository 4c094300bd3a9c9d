"""What is told to an operator's phone: worked out, routed, spaced out, sent. `sender` alone knows apprise."""
