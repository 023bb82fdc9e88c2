"""The formats of output for programs: records whose fields carry their name, kind and meaning.

A module for each command. Reports are made as these records, so that mypy compares them with the declaration;
`json_schema` makes the published schemas of them, and the reference page lists their fields. These modules import only
the standard library: the build makes the schemas before anything is installed.
"""
