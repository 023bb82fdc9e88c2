"""Is there a request that two versions of a policy answer, forward or refuse differently? `apimpolicy diff`.

`versions` finds the versions, `observed_differences` compares the results of a request, `product_search` runs both
versions on the same request and searches for differences, `running` makes the report.
"""
