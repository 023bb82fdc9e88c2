"""validate-azure-ad-token: as validate-jwt."""

from apimpolicy.transfer.policies.validate_jwt import transfer as transfer
