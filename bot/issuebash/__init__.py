"""The issue bash: what to look at, why, and how the sitting itself goes. Pure: time and facts come in as arguments."""
