"""The report of a shift or a day, for the person who signs it.

`collect` reads the journal and the history, `build` makes a `report.Report` of them without any I/O, `text`, `page` and
`as_json` show it.
"""
