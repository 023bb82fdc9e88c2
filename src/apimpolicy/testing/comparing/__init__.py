"""Find what a change of policies, or of a whole service, does to callers: `apimpolicy diff`.

`versions` finds both sides, `running` compares their services (`service_comparison`, `services`) and the policies that
belong to none (`lone_policies`), and makes the report. `product_search` runs both versions on the same requests,
`observed_differences` compares the results, and `causes` finds the changed element (`elements`) behind a difference.
"""
