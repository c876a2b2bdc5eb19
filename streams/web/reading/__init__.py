"""What the view reads of Kafka: outcomes, the lag of the groups, and the statuses of the workers.

Invariant: it reads without a consumer group and commits nothing, and a fault here is shown on the
pages, and never stops a stage.
"""
