"""Write tests of policies: test files, the fixture `apim`, certificates, tokens, coverage, mutation."""
