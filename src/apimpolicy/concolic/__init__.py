"""Concolic search for requests: run one, negate one of its branches, solve for the next.

A request runs on the simulator and is traced (`tracing`). A replay of each expression beside the recorded values
(`replayer`, `operations`, `statements`, `access`) gives each node its term over the inputs; `forms` say what members of
.NET mean, `effects` what policies change. The branches of the run (`path`) are negated one by one (`explorer`), and a
model from Z3 (`solver`, `inputs`) becomes the next request (`scenario`, `harness`). Every request that is reported has
run; nothing here proves that there is none (see `proving`).
"""
