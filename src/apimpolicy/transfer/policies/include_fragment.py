"""include-fragment: the policies of the fragment."""

from apimpolicy.transfer.policies.base import transfer as transfer
