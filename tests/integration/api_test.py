#!/usr/bin/env python3
"""The API over the wire: errors as clients see them, request ids, limits, cancellation, health."""
import re
import socket
import sys

import grpc

import harness
import images

sys.path.append(str(harness.ROOT / "tests/contract"))
from reflection_client import ReflectionClient

SERVICES = ("gantry.v1.ContainerRegistry", "gantry.v1.ServiceConnectors")
FAKE_FLAVORS = harness.BUILD / "tests/fakes/flavors/lib"


class Silence:
    """A server that takes connections and never says a word."""

    def __init__(self, case):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        case.addCleanup(self.listener.close)
        self.host = f"127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self):
        connection, _ = self.listener.accept()
        connection.settimeout(harness.DEADLINE)
        return connection


def ends(connection):
    """Waits until the other side has closed the connection."""
    with connection:
        try:
            while connection.recv(65536):
                pass
        except ConnectionResetError:
            pass


class Api(harness.Case):
    def daemon(self, *flags, **kwargs):
        daemon = harness.Gantryd(self, *flags, **kwargs)
        self.client = ReflectionClient(daemon.address)
        self.addCleanup(self.client.channel.close)
        self.methods = {}
        for service in SERVICES:
            self.methods.update(self.client.methods(service))
        return daemon

    def call(self, method, *requests, **kwargs):
        return self.client.call(self.methods[method], *requests, **kwargs)

    def fails(self, code, reason, method, *requests, **kwargs):
        error = self.client.fails(self.methods[method], *requests, **kwargs)
        self.assertEqual((error["code"], error["reason"], error["domain"]), (code, reason, "gantry"), error)
        self.assertTrue(error["message"])
        self.assertTrue(error["metadata"]["requestId"])
        return error

    def register(self, name, uri, **fields):
        return self.call("CreateRegistry", {"registry": {"name": name, "flavor": "default", "uri": uri, **fields}})[0]

    def push_of(self, reference, registry="r", **fields):
        return {"start": {"registry": registry, "source": {"reference": reference}, "repository": "p",
                          "tags": ["t"], **fields}}

    def test_health_and_reflection(self):
        self.daemon()
        for service in ("", *SERVICES):
            self.assertEqual(self.client.health(service), "SERVING")
        with self.assertRaises(grpc.RpcError) as unknown:
            self.client.health("gantry.v1.Nothing")
        self.assertEqual(unknown.exception.code(), grpc.StatusCode.NOT_FOUND)
        self.assertLessEqual({*SERVICES, "grpc.health.v1.Health"}, set(self.client.services()))

    def test_errors_of_registries(self):
        self.daemon()
        self.register("r", "localhost:5000")
        name = {"name": "none"}
        for method in ("GetRegistry", "DeleteRegistry", "DiagnoseRegistry"):
            error = self.fails("NOT_FOUND", "REGISTRY_NOT_FOUND", method, name)
            self.assertIn("registry list", error["metadata"]["remedy"])
        fields = {"name": "r", "flavor": "default", "uri": "localhost:5000"}
        self.fails("ALREADY_EXISTS", "REGISTRY_EXISTS", "CreateRegistry", {"registry": fields})
        self.fails("NOT_FOUND", "FLAVOR_NOT_FOUND", "CreateRegistry", {"registry": {**fields, "name": "n", "flavor": "x"}})
        self.fails("NOT_FOUND", "FLAVOR_NOT_FOUND", "GetFlavor", name)
        self.fails("NOT_FOUND", "CONNECTOR_NOT_FOUND", "CreateRegistry",
                   {"registry": {**fields, "name": "n", "connector": "x"}})
        wrong = self.fails("INVALID_ARGUMENT", "INVALID_CONFIG", "CreateRegistry",
                           {"registry": {"name": "Bad Name", "flavor": "default", "uri": ""}})
        self.assertEqual({v["field"] for v in wrong["details"]["BadRequest"]["field_violations"]}, {"name", "uri"})
        self.fails("ABORTED", "ETAG_MISMATCH", "UpdateRegistry", {"registry": {**fields, "etag": "9"}})
        self.fails("INVALID_ARGUMENT", "INVALID_ARGUMENT", "UpdateRegistry", {"registry": {**fields, "etag": "x"}})
        self.fails("INVALID_ARGUMENT", "INVALID_ARGUMENT", "ListRegistries", {"page_token": "garbage"})
        self.fails("INVALID_ARGUMENT", "INVALID_REFERENCE", "ResolveImage", {"reference": "UPPER//x"})

    def test_errors_of_connectors(self):
        self.daemon()
        connector = {"name": "c", "type": "docker", "auth_method": "password",
                     "config": {"username": "me", "password": "s3cret", "registry": "localhost:5000"}}
        made = self.call("CreateServiceConnector", {"connector": connector, "skip_verification": True})[0]
        self.assertEqual(made["secret_fields"], ["password"])
        self.assertNotIn("s3cret", str(made))
        for method in ("GetServiceConnector", "DeleteServiceConnector", "VerifyServiceConnector"):
            self.fails("NOT_FOUND", "CONNECTOR_NOT_FOUND", method, {"name": "none"})
        self.fails("ALREADY_EXISTS", "CONNECTOR_EXISTS", "CreateServiceConnector",
                   {"connector": connector, "skip_verification": True})
        wrong = self.fails("INVALID_ARGUMENT", "INVALID_CONFIG", "CreateServiceConnector",
                           {"connector": {**connector, "name": "d", "config": {"password": "s3cret", "colour": 1}}})
        self.assertNotIn("s3cret", str(wrong))
        self.register("r", "localhost:5000", connector="c")
        self.fails("FAILED_PRECONDITION", "CONNECTOR_IN_USE", "DeleteServiceConnector", {"name": "c"})
        self.fails("FAILED_PRECONDITION", "CONNECTOR_MISMATCH", "CreateRegistry",
                   {"registry": {"name": "s", "flavor": "default", "uri": "registry.example.com", "connector": "c"}})

    def test_errors_of_sources(self):
        daemon = self.daemon("--allow-source-root", self.dir)
        self.register("r", "localhost:5000")

        def push(**source):
            return {"start": {"registry": "r", "source": source, "repository": "p"}}
        layout = images.Layout(self.dir / "two")
        for tag in ("a", "b"):
            layout.root(layout.image([layout.layer({tag: b"x"}, "none")]), tag)
        (self.dir / "broken").mkdir()
        (self.dir / "broken/index.json").write_text("{")
        self.fails("INVALID_ARGUMENT", "SOURCE_AMBIGUOUS", "PushImage", push(oci_layout=f"{self.dir}/two"))
        self.fails("NOT_FOUND", "SOURCE_NOT_FOUND", "PushImage", push(oci_layout=f"{self.dir}/none"))
        self.fails("PERMISSION_DENIED", "SOURCE_NOT_ALLOWED", "PushImage", push(oci_layout="/etc"))
        self.fails("INVALID_ARGUMENT", "SOURCE_INVALID", "PushImage", push(oci_layout=f"{self.dir}/broken"))
        self.fails("INVALID_ARGUMENT", "INVALID_ARGUMENT", "PushImage", push())
        self.fails("INVALID_ARGUMENT", "INVALID_ARGUMENT", "PushImage", {"chunk": {"read_id": 1}})
        self.fails("INVALID_ARGUMENT", "INVALID_ARGUMENT", "PushImage")
        self.assertIsNone(daemon.process.child.poll())

    def test_a_flavor_that_was_refused(self):
        self.daemon("--flavor-dir", FAKE_FLAVORS)
        self.fails("FAILED_PRECONDITION", "FLAVOR_NOT_LOADED", "CreateRegistry",
                   {"registry": {"name": "r", "flavor": "wrong_magic", "uri": "registry.example.com"}})
        self.call("CreateRegistry", {"registry": {"name": "m", "flavor": "minimal", "uri": "registry.example.com"}})
        self.fails("UNIMPLEMENTED", "FLAVOR_UNSUPPORTED", "ListImages", {"registry": "m", "repository": "a"})

    def test_pages_of_tags(self):
        registry = harness.Registry(self)
        daemon = self.daemon()
        self.register("r", registry.host)
        images.simple(self.dir / "l")
        tags = [f"t{i}" for i in range(7)]
        pushed = self.push(daemon, f"oci:{self.dir}/l", "-r", "r", "--repository", "p", *[f"--tag={t}" for t in tags])
        self.assertGreater(int(pushed["size_bytes"]), 0)
        resolved = self.call("ResolveImage", {"registry": "r", "repository": "p", "tag": "t0"})[0]
        self.assertNotIn("size_bytes", resolved, "only the manifest was looked at")
        seen, token, pages = [], "", 0
        while pages == 0 or token:
            page = self.call("ListImages", {"registry": "r", "repository": "p", "page_size": 3, "page_token": token})[0]
            self.assertLessEqual(len(page["images"]), 3)
            seen += [image["tags"][0] for image in page["images"]]
            token, pages = page.get("next_page_token", ""), pages + 1
        self.assertEqual((seen, pages), (tags, 3))
        self.fails("NOT_FOUND", "IMAGE_NOT_FOUND", "ResolveImage", {"registry": "r", "repository": "p", "tag": "none"})
        self.fails("NOT_FOUND", "REPOSITORY_NOT_FOUND", "ListImages", {"registry": "r", "repository": "none"})

    def test_tags_that_a_registry_gives_all_at_once(self):
        """Debian's does, whatever page is asked for: here over a mebibyte of them."""
        registry = harness.Registry(self)
        daemon = self.daemon()
        self.register("r", registry.host)
        images.simple(self.dir / "l")
        self.push(daemon, f"oci:{self.dir}/l", "-r", "r", "--repository", "p", "--tag", "0")
        stored = registry.dir / "data/docker/registry/v2/repositories/p/_manifests/tags"
        for i in range(60_000):
            (stored / f"2026-11-23-12-00-{i:05}").mkdir()
        page = self.call("ListImages", {"registry": "r", "repository": "p", "page_size": 2})[0]
        self.assertEqual([image["tags"] for image in page["images"]], [["0"], ["2026-11-23-12-00-00000"]])
        page = self.call("ListImages", {"registry": "r", "repository": "p", "page_size": 1,
                                        "page_token": page["next_page_token"]})[0]
        self.assertEqual([image["tags"] for image in page["images"]], [["2026-11-23-12-00-00001"]])

    def test_a_request_id_has_one_answer(self):
        self.daemon()
        request = {"registry": {"name": "r", "flavor": "default", "uri": "localhost:5000"}, "request_id": "id-1"}
        first = self.call("CreateRegistry", request)
        self.assertEqual(self.call("CreateRegistry", request), first)
        other = {"registry": {**request["registry"], "name": "other"}, "request_id": "id-1"}
        self.fails("INVALID_ARGUMENT", "REQUEST_ID_REUSED", "CreateRegistry", other)
        self.fails("INVALID_ARGUMENT", "REQUEST_ID_REUSED", "DeleteRegistry", {"name": "r", "request_id": "id-1"})
        # What failed may be tried again under its id.
        self.fails("NOT_FOUND", "REGISTRY_NOT_FOUND", "DeleteRegistry", {"name": "late", "request_id": "id-2"})
        self.register("late", "localhost:5000")
        self.assertEqual(self.call("DeleteRegistry", {"name": "late", "request_id": "id-2"}), [{}])
        self.assertEqual(self.call("DeleteRegistry", {"name": "late", "request_id": "id-2"}), [{}])

    def test_a_request_id_stands_for_the_request_and_its_secrets(self):
        daemon = self.daemon()

        def connector(name, **fields):
            return {"name": name, "type": "docker", "auth_method": "password",
                    "config": {"username": "robot", "password": "s3cret-1", **fields}}

        def once(method, body, other, answer=None):
            """`other` differs: under the first id it is refused, under one of its own it is done."""
            body["request_id"] = other["request_id"] = f"id-{method}"
            first = self.call(method, body)
            self.assertEqual(self.call(method, body), first)
            self.fails("INVALID_ARGUMENT", "REQUEST_ID_REUSED", method, other)
            self.call(method, {**other, "request_id": f"other-{method}"})

        skip = {"skip_verification": True}
        once("CreateServiceConnector", {"connector": connector("c"), **skip},
             {"connector": connector("c2", password="s3cret-2"), **skip})
        once("UpdateServiceConnector", {"connector": connector("c", username="robot-2"), **skip},
             {"connector": connector("c", username="robot-2", password="s3cret-3"), **skip})
        once("DeleteServiceConnector", {"name": "c"}, {"name": "c2"})
        registry = {"name": "r", "flavor": "default", "uri": "localhost:5000"}
        self.call("CreateRegistry", {"registry": registry})
        once("UpdateRegistry", {"registry": {**registry, "labels": {"team": "a"}}},
             {"registry": {**registry, "labels": {"team": "b"}}})
        for file in daemon.state.rglob("*"):
            self.assertNotIn(b"s3cret-", file.read_bytes() if file.is_file() else b"", file)

    def test_a_push_is_repeated_under_its_request_id(self):
        registry = harness.Registry(self)
        self.daemon("--allow-source-root", self.dir)
        self.register("r", registry.host)
        silence = Silence(self)
        self.register("silent", silence.host)
        digest = images.simple(self.dir / "l")
        push = {"start": {"registry": "r", "source": {"oci_layout": f"{self.dir}/l"}, "repository": "p",
                          "tags": ["t"], "request_id": "id-1"}}
        first = self.call("PushImage", push)
        self.assertEqual(first[-1]["image"]["digest"], digest)
        registry.process.stop()
        again = self.call("PushImage", push)
        self.assertEqual(again[-1], first[-1], "without a word to the registry, which is gone")
        self.assertIn("progress", again[0])

        running = {"start": {**push["start"], "registry": "silent", "request_id": "id-2"}}
        call = self.client.start(self.methods["PushImage"], running)
        connection = silence.accept()
        error = self.fails("ABORTED", "REQUEST_IN_PROGRESS", "PushImage", running)
        self.assertIn("retry_delay", error["details"]["RetryInfo"])
        call.cancel()
        ends(connection)

    def test_cancelling_and_deadlines_reach_the_registrys_socket(self):
        daemon = self.daemon()
        silence = Silence(self)
        self.register("r", silence.host)
        calls = {"PushImage": self.push_of(f"{silence.host}/a:b"),
                 "ResolveImage": {"reference": f"{silence.host}/a:b"},
                 "ListImages": {"registry": "r", "repository": "a"}, "DiagnoseRegistry": {"name": "r"}}
        for method, request in calls.items():
            with self.subTest(method):
                cancelled = self.client.start(self.methods[method], request)
                connection = silence.accept()
                cancelled.cancel()
                harness.wait_until(lambda: f"{method} CANCELLED" in daemon.process.log(), "the work ends too", 10)
                ends(connection)
                late = self.client.start(self.methods[method], request, timeout=1)
                connection = silence.accept()
                self.assertEqual(late.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
                harness.wait_until(lambda: len(re.findall(f"{method} (CANCELLED|DEADLINE_EXCEEDED)",
                                                          daemon.process.log())) == 2, "the work ends in time", 10)
                ends(connection)

    def test_registries_that_do_not_answer_hold_up_nobody_else(self):
        self.daemon()
        silence = Silence(self)
        self.register("r", silence.host)
        stuck = [self.client.start(self.methods["ListImages"], {"registry": "r", "repository": "a"})
                 for _ in range(64)]
        connection = silence.accept()
        for method, request in (("GetRegistry", {"name": "r"}), ("ListFlavors", {}), ("ListServiceConnectors", {})):
            self.assertEqual(len(self.call(method, request, timeout=10)), 1)
        self.assertEqual(self.client.health(), "SERVING")
        for call in stuck:
            call.cancel()
        ends(connection)

    def test_what_is_no_message_grpc_refuses_itself(self):
        self.daemon()
        call = self.client.channel.unary_unary("/gantry.v1.ContainerRegistry/GetRegistry")
        for request, code in ((b"\x0a\x7f", grpc.StatusCode.UNIMPLEMENTED),
                              (b"\x0a\x02\xff\xfe", grpc.StatusCode.UNIMPLEMENTED),
                              (b"\x0a\x80\x80\x80\x03" + b"r" * (3 << 21), grpc.StatusCode.RESOURCE_EXHAUSTED)):
            with self.subTest(code, size=len(request)), self.assertRaises(grpc.RpcError) as refused:
                call(request, timeout=20)
            self.assertEqual(refused.exception.code(), code, refused.exception.details())
        self.assertEqual(self.client.health(), "SERVING")

    def test_a_full_queue_answers_at_once(self):
        daemon = self.daemon("--push-threads", "1")
        silence = Silence(self)
        self.register("r", silence.host)
        request = self.push_of(f"{silence.host}/a:b")
        running = [self.client.start(self.methods["PushImage"], request)]
        connection = silence.accept()  # the one worker is busy from here on
        running += [self.client.start(self.methods["PushImage"], request) for _ in range(70)]
        harness.wait_until(lambda: sum(call.done() for call in running) == 6, "64 wait, 6 are refused")
        for call in running:
            if call.done():
                error = self.client.error_of(call)
                self.assertEqual((error["code"], error["reason"]), ("RESOURCE_EXHAUSTED", "OVERLOADED"))
                self.assertIn("retry_delay", error["details"]["RetryInfo"])
        images.simple(self.dir / "l")
        refused = self.gantry(daemon, "push", f"oci:{self.dir}/l", "-r", "r", "--pipeline", "p")
        self.assertEqual(refused.code, 10, refused)
        self.assertIn("OVERLOADED", refused.err)
        # Other calls do not stand in that queue.
        self.assertTrue(self.call("ListFlavors", {})[0]["flavors"])
        # Who gives up while it waits makes room, though the worker is still busy.
        for call in running[1:]:
            call.cancel()
        harness.wait_until(lambda: daemon.process.log().count("PushImage CANCELLED") == 64, "64 have left")
        running += [self.client.start(self.methods["PushImage"], request) for _ in range(65)]
        harness.wait_until(lambda: sum(call.done() for call in running[71:]) == 1, "64 wait again, 1 is refused")
        for call in running:
            call.cancel()
        ends(connection)
        self.assertEqual(daemon.process.stop(), 0)


if __name__ == "__main__":
    harness.main()
