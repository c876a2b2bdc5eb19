"""Kafka: clients, logins, topics, and reading them from outside the stages.

Invariant: nothing here imports Faust's app or a stage.
"""
