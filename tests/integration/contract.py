"""contracts/http.openapi.yaml as a judge of real answers: its schemas are JSON Schema (2020-12), and an
answer that has a member, a status or a media type of which it says nothing is as wrong as a missing one."""

from datetime import datetime

import jsonschema
import requests
import yaml

from harness import ROOT

METHODS = ("get", "post", "put", "patch", "delete")

formats = jsonschema.FormatChecker()


@formats.checks("date-time", raises=ValueError)
def has_offset(text):
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


def closed(schema):
    """The same where no object has members that are not named. Composed ones (allOf) would need another
    way to say so; there are none."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    assert "allOf" not in schema, "closed() does not know which members a composed object has"
    result = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        result.setdefault("additionalProperties", False)
    return result


class Contract:
    def __init__(self, document=None):
        self.document = document or yaml.safe_load((ROOT / "contracts" / "http.openapi.yaml").read_text())
        self.components = self.document["components"]
        self._closed = closed(self.components["schemas"])
        self.operations = {
            operation["operationId"]: {**operation, "path": path, "method": method}
            for path, operations in self.document["paths"].items()
            for method, operation in operations.items()
            if method in METHODS
        }

    def guarded(self):
        """The operations that ask who is there."""
        return {name for name, operation in self.operations.items() if operation.get("security") != []}

    def asking_the_database(self):
        """The operations that a database which does not answer makes unavailable."""
        return self.guarded() | {"login"}

    def methods_of(self, path):
        return {method.upper() for method in self.document["paths"][path] if method in METHODS}

    def statuses_of(self, name):
        return {int(status) for status in self.operations[name]["responses"]}

    def send(self, name, base, address=None, timeout=30, **request):
        """A request for the operation, to the server at `base`; only sends."""
        operation = self.operations[name]
        address = address or operation["path"]
        return requests.request(operation["method"].upper(), base + address, timeout=timeout, **request)

    def check(self, name, answer):
        """Holds a real answer (of requests) against what is written of the operation and its status."""
        responses = self.operations[name]["responses"]
        assert str(answer.status_code) in responses, (
            f"{name} answered {answer.status_code}, which the contract does not name: {answer.text[:200]}"
        )
        self._check(f"{name}, {answer.status_code}", responses[str(answer.status_code)], answer)

    def check_shared(self, response, answer):
        """The same for an answer of no operation, such as `NotFound`."""
        self._check(response, self.components["responses"][response], answer)

    def check_schema(self, schema, value):
        """The same for what the command line tells of a resource."""
        self._validate(schema, {"$ref": f"#/components/schemas/{schema}"}, value)

    def check_request(self, name, body):
        """Whether the body of a request is one that the contract describes."""
        content = self.operations[name]["requestBody"]["content"]
        self._validate(f"{name}, request", content["application/json"]["schema"], body)

    def _check(self, what, response, answer):
        if "$ref" in response:
            response = self.components["responses"][response["$ref"].rsplit("/", 1)[1]]
        for header, described in response.get("headers", {}).items():
            value = answer.headers.get(header)
            assert value is not None or not described.get("required"), f"{what}: there is no {header}"
            if value is not None:
                number = described["schema"].get("type") == "integer"
                self._validate(f"{what}, {header}", described["schema"], int(value) if number else value)
        content = response.get("content", {})
        if not content:
            assert answer.content == b"" and "Content-Type" not in answer.headers, f"{what}: there is a body"
            return
        kind = answer.headers["Content-Type"].partition(";")[0]
        assert kind in content, f"{what}: {kind} is none of {list(content)}"
        body = answer.json() if kind.endswith("json") else answer.text
        self._validate(what, content[kind]["schema"], body)
        if kind == "application/problem+json":
            assert body["status"] == answer.status_code, f"{what}: {body}"
            assert f"`{body['code']}`" in response["description"], f"{what}: {body['code']} is not named"

    def _validate(self, what, schema, value):
        # The components go along, so that references find them in the schema's own document.
        whole = {**closed(schema), "components": {"schemas": self._closed}}
        validator = jsonschema.Draft202012Validator(whole, format_checker=formats)
        problems = [
            f"{what}: {'/'.join(map(str, error.absolute_path)) or 'the whole'}: {error.message}"
            for error in validator.iter_errors(value)
        ]
        assert not problems, "\n".join(problems)
