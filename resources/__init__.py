"""Data that ships with the program: demo models, their tokenizer, later icons and translations. No code."""
