"""What a game is built from: networks, losses, data, and how the result is judged and handed over."""
