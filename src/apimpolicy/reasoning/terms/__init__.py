"""Terms over the inputs of a request: truth values, whole numbers and texts, and whether a formula has a model.

term       hash-consed terms, folded as they are made     solving   an answer from Z3 and the theory of texts
measures   numbers that texts have
"""
