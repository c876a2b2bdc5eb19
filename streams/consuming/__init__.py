"""What the ways out of Kafka share: `cleanwire sink` and `cleanwire export`.

Invariants:

- A topic is read without a consumer group. The program that reads keeps the offsets itself, in one
  transaction with what it made of the records.
- An offset belongs to a topic's id, so a topic that was made again is read from its start.
"""
