"""What single policies do, exactly: a module for each, with a function `transfer`."""
