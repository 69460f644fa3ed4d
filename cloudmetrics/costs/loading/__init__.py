"""Loading a bill: read row by row, added up, stored unseen, and put in the place of an earlier one."""
