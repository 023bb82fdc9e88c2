"""Finds requests, and proves that there are none: a solver steers, the simulator runs.

A request runs for real and is followed (`following`): beside the values that it had, each expression is said over the
inputs (`walker`, `operations`, `statements`, `access`, `forms`), each policy by what it changes (`effects`). The
decisions on its way (`path`) are turned around one by one (`explorer`) and what Z3 gives for the inputs (`solver`,
`inputs`) becomes the next request (`scenario`, `world`). What is found was run; what has no form is said (`values`).
"""
