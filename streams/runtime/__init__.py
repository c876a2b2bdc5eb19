"""What of Faust is overridden, and what the stages run on.

Invariant: a record that was read is acked after all it leads to was acknowledged by the brokers.
"""
