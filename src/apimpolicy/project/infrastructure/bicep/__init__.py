"""Bicep: files, parameters, modules, functions, and the resources that a deployment makes."""
