"""Holds every example of an OpenAPI document against the schema that it is an example of."""

import json
import sys

from jsonschema import Draft202012Validator


def examples(document):
    """Each example: where it stands, its schema, its value."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            place = f"{method.upper()} {path}"
            contents = operation.get("requestBody", {}).get("content", {})
            for kind, content in contents.items():
                for name, example in content.get("examples", {}).items():
                    yield f"{place}, {kind}, {name}", content["schema"], example["value"]
            for parameter in operation.get("parameters", []):
                if "example" in parameter:
                    name = parameter["name"]
                    yield f"{place}, {name}", parameter["schema"], parameter["example"]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    formats = Draft202012Validator.FORMAT_CHECKER
    count = faults = 0
    for place, schema, value in examples(document):
        count += 1
        # References are looked up in what they stand in.
        schema = {**schema, "components": document["components"]}
        for error in Draft202012Validator(schema, format_checker=formats).iter_errors(value):
            faults += 1
            print(f"{place}: {error.json_path}: {error.message}", file=sys.stderr)
    print(f"{count} examples, {faults} faults")
    sys.exit(1 if faults or not count else 0)


main()
