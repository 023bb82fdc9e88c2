"""The effects of policies on the gateway's state, over all requests at once.

flow       the state that requests have on their way, and where they leave
run        runs the policies of a program on it, and reads what they have in their documents
pipeline   the sections, errors, and all ends
effects    a policy by the effects that it declares; without any it may do anything
control, messages, exchanges    the exact effects of single policies, a function for each
"""
