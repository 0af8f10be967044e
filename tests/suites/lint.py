"""Holds answers to httplint, and addresses to REDbot, and says what they note.

In, as JSON on standard input:
    {"exchanges": [{"about", "at", "request", "response"}], "addresses": ["http://…"]}
    where request and response are the bytes on the wire, in base64, and `at` is when, in seconds since 1970.
Out, one line of JSON for each note:
    {"about", "level": "good" | "info" | "warning" | "bad", "note": its class, "says": its summary}
"""

import base64
import json
import sys
from configparser import ConfigParser

import thor
from httplint import HttpRequestLinter, HttpResponseLinter
from redbot.resource import HttpResource


def main():
    asked = json.load(sys.stdin)
    for exchange in asked["exchanges"]:
        request, response = (base64.b64decode(exchange[part]) for part in ("request", "response"))
        lint(exchange["about"], exchange["at"], request, response)
    check(asked["addresses"])


def lint(about, at, request, response):
    line, fields, _ = taken_apart(request)
    method, target, version = line.split(b" ")
    asked = HttpRequestLinter()
    asked.process_request_topline(method, b"http://127.0.0.1" + target if target != b"*" else target, version[5:])
    asked.process_headers(fields)
    asked.finish_content(True)

    line, fields, body = taken_apart(response)
    version, status, *phrase = line.split(b" ", 2)
    answered = HttpResponseLinter(start_time=at)
    answered.request = asked
    answered.is_head_response = method == b"HEAD"
    answered.base_uri = asked.uri
    answered.process_response_topline(version[5:], status, *phrase)
    answered.process_headers(fields)
    answered.feed_content(body)
    answered.finish_content(True)
    tell(about, answered.notes)


def taken_apart(message):
    head, _, body = message.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    return line, [tuple(field.split(b":", 1)) for field in fields], body


def check(addresses):
    config = ConfigParser()
    config.read_dict({"redbot": {"enable_local_access": "True"}})
    resources = [HttpResource(config["redbot"]) for _ in addresses]
    for address, resource in zip(addresses, resources):
        resource.set_request(address)
        resource.on("check_done", lambda: all(each.check_done for each in resources) and thor.stop())
        resource.check()
    if not all(each.check_done for each in resources):
        thor.run()
    for address, resource in zip(addresses, resources):
        if not resource.response.complete:
            print(json.dumps({"about": address, "level": "bad", "note": "NO_ANSWER", "says": repr(resource.fetch_error)}))
        tell(address, resource.response.notes)


def tell(about, notes):
    for note in notes:
        for each in (note, *note.subnotes):
            said = {"about": about, "level": each.level.value, "note": type(each).__name__, "says": str(each.summary)}
            print(json.dumps(said))


main()
