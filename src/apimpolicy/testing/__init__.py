"""What tests of policies are written with: test files, the fixture `apim`, certificates, tokens, coverage, mutation."""
