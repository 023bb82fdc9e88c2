"""Coverage of policies: which policies, branches and conditions tests reached.

    with PolicyCoverage() as coverage:
        with coverage.test("a partner gets through"):
            gateway.run("orders.xml", request)
    print(coverage_text(coverage.report()))
"""

from apimpolicy.testing.coverage.collector import PolicyCoverage

__all__ = ["PolicyCoverage"]
