"""码上督: warnings.

evaluation  a rule's findings compared with the open warnings: new, worse, better, refired, cleared
lifecycle   what officers do: acknowledge, explain, close as a second person
messages    who is told
"""
