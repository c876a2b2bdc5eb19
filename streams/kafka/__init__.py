"""Kafka: clients, logins, topics and offsets, and the reading of topics from outside the stages.

Invariant: no module here imports a Faust app or the module of a stage.
"""
