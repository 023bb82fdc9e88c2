"""Is there a request that two versions of a policy answer, forward or refuse differently? `apimpolicy diff`.

`sides` finds the versions, `observing` says in what the results of a request differ, `joint` runs both versions on the
same request and follows them together, `running` makes texts of what came of it.
"""
