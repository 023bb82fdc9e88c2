"""Coverage of policies: which policies, branches and conditions tests reached.

    with PolicyCoverage() as coverage:
        with coverage.test("a partner gets through"):
            gateway.run("orders.xml", request)
    write_coverage(coverage.report(), "coverage.html")

`places` defines what counts, `conditions` what a condition is; `report.coverage_data` holds the results.
"""

from apimpolicy.testing.coverage.collector import PolicyCoverage

__all__ = ["PolicyCoverage"]
