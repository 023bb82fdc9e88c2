"""Terraform (and OpenTofu): files, modules, variables, functions, and the resources of API Management."""
