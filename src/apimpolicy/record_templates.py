"""The code of constructors by their number of fields, which `records` renames for each class.

They are written down because compiling them would take longer, at every start, than all else that records do.
"""

# mypy: allow-untyped-defs

from __future__ import annotations

from typing import Final


def _0(self):
    pass


def _1(self, a):
    self.a = a


def _2(self, a, b):
    self.a, self.b = a, b


def _3(self, a, b, c):
    self.a, self.b, self.c = a, b, c


def _4(self, a, b, c, d):
    self.a, self.b, self.c, self.d = a, b, c, d


def _5(self, a, b, c, d, e):
    self.a, self.b, self.c, self.d, self.e = a, b, c, d, e


def _6(self, a, b, c, d, e, f):
    self.a, self.b, self.c, self.d, self.e, self.f = a, b, c, d, e, f


def _7(self, a, b, c, d, e, f, g):
    self.a, self.b, self.c, self.d, self.e, self.f, self.g = a, b, c, d, e, f, g


def _8(self, a, b, c, d, e, f, g, h):
    self.a, self.b, self.c, self.d, self.e, self.f, self.g, self.h = a, b, c, d, e, f, g, h


def _9(self, a, b, c, d, e, f, g, h, i):
    self.a, self.b, self.c, self.d, self.e, self.f, self.g = a, b, c, d, e, f, g
    self.h, self.i = h, i


def _10(self, a, b, c, d, e, f, g, h, i, j):
    self.a, self.b, self.c, self.d, self.e, self.f, self.g = a, b, c, d, e, f, g
    self.h, self.i, self.j = h, i, j


def _11(self, a, b, c, d, e, f, g, h, i, j, k):
    self.a, self.b, self.c, self.d, self.e, self.f, self.g = a, b, c, d, e, f, g
    self.h, self.i, self.j, self.k = h, i, j, k


def _12(self, a, b, c, d, e, f, g, h, i, j, k, m):
    self.a, self.b, self.c, self.d, self.e, self.f, self.g = a, b, c, d, e, f, g
    self.h, self.i, self.j, self.k, self.m = h, i, j, k, m


def _13(self, a, b, c, d, e, f, g, h, i, j, k, m, n):
    self.a, self.b, self.c, self.d, self.e, self.f, self.g = a, b, c, d, e, f, g
    self.h, self.i, self.j, self.k, self.m, self.n = h, i, j, k, m, n


TEMPLATES: Final = (_0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13)
"""By the number of fields."""
