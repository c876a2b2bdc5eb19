"""Everything that touches the world: Kafka, files, the terminal, the web."""
