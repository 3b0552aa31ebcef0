"""The verb drill: a backup restored into a scratch place, tried, and all of that removed again."""
