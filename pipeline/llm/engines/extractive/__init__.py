"""The engine that answers the default prompts without any model, by ranking and arranging the input's own sentences."""
