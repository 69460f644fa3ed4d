"""Trash: what is deleted can be restored for 30 days, and is removed for good then.

An area hides what is deleted (`deleted_at`), and in the same transaction calls `put`;
`take` when it is restored. What removes it for good it registers with `purges`, and the
jobs of this area call that once the time has come.
"""
