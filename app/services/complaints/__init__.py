"""码上办: complaints from filing to rating.

filing      a complaint comes in: number, deadlines, routing, audit, messages
routing     whose desk it goes to; nobody whom it names is ever on its path
timeline    the events that everybody concerned reads
handling    the office's steps: accept, answer, note
feedback    the complainant's steps: add, rate; unsatisfied reopens one level up
reminders   before and after the deadline; closing what nobody rated
queries     lists and single views for each kind of reader
"""
