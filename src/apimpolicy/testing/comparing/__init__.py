"""Is there a request that two versions of a policy answer, forward or refuse differently? `apimpolicy diff`.

`sides` finds the versions, `observing` what came of a request and in what that differs, `joint` runs both versions on the
same request and follows them together, `running` says what came of it.
"""
