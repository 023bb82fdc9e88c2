"""What single members mean, exactly. Where a form isn't exact, it says so with `exact_where`, or raises Unsupported."""
