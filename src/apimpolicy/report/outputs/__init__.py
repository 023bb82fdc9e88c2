"""The formats of output for programs: records whose fields carry their name, kind, unit and meaning.

A module for each command. Reports are made of these records, by `record_of` or as literals that mypy compares with the
declaration; `json_schema` makes the published schemas of them, and the reference page lists their fields. These modules
import only the standard library: the build makes the schemas before anything is installed.
"""
