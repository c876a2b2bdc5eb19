"""Everything that touches the world: Kafka, files, the terminal, the web."""

from streams.compiled import place_compiled_code

place_compiled_code()
