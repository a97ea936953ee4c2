"""What operators ask and do: queries of `smelt admin`, and the record of each act (docs/design/admin.md).

Metadata alone: no name of a file, no address, no content. What is done to smelts, work and accounts is done by the
functions of those, in a transaction with its record. Imports `db/smelts/`, `db/work/` and `db/accounts/`; none of them
imports it. For the service role.
"""
