"""Drawing the rollups of a website anew, in another time zone, while the present ones go on answering.

The next edition grows event by event, in the order of their time. New events go into
it too where it has passed their time already, so that it is whole when it has passed all.
"""
