def print_costs(r): pass
