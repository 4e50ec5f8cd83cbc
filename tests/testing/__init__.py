"""The testing kit: each check with a planted fault that it must catch."""
