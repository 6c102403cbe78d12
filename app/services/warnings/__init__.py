"""码上督: early warnings.

decisions   pure: what a run does with one subject, and what counts as new evidence
ladder      pure: the escalation ladder in work days; terms: its county setting
settings    mode and thresholds of rules with history; from trial to active
evaluation  a run of a rule; applying writes what changed
muting      what keeps warnings quiet; silences: set by offices with reason and end
audience    who is told; notices: waiting and sent, once per change; messages: the words
lifecycle   what officers do: acknowledge, explain, propose, review, close
escalation  what nobody did in time goes to the next level
auditing    every open warning has a next step and a human who was reached
queries     lists, episodes, who was told; evidence: the ledger rows behind a warning
precision   how often a rule is right; verdicts: what it says of each village
"""
