"""From marks to what an instructor reads: tables for the terminal and the spreadsheet, and the report's page.

In comes what the gradebook's room reads; out go text, reports/PS.csv and reports/PS.html. It changes no mark, and only
the command line calls it.
"""
