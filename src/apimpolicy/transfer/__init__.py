"""What policies do to the gateway's state, over all requests at once.

run        a walk through the policies of a program: one state, merged; how it ends
pipeline   the sections, errors, and all ends
effects    a policy by the effects that it declares; without any it may do anything
repetition policies that run several times, or in any order
policies/  what single policies do exactly, a module for each
"""
