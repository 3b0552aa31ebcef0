"""Categories out and in: templates, texts of people and language models, folders and ZIP files of many movies."""
