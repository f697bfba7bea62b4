#!/usr/bin/env python3
"""Google's own library, google-auth, logs in to the emulated Google Cloud: what the emulator asks for is what
Google's client sends, and its answers are what that client understands.

Debian's google-auth is older than federation and impersonation: gcp_node_oracle_test has those.
"""
import datetime
import http.client
import json
import socket
import ssl
import urllib.parse

import google.auth
import google.auth.exceptions
import google.auth.transport
import google.oauth2.credentials
import google.oauth2.service_account
from google.auth import compute_engine

import harness
from gcp_case import GcpCase  # finds the emulated clouds

from clouds.gcp_oauth import AUDIENCE
from clouds.gcp_tokens import FULL, READ_ONLY


class Transport(google.auth.transport.Request):
    """Sends to the emulator what is for Google."""

    def __init__(self, emulator):
        self.emulator = emulator

    def __call__(self, url, method="GET", body=None, headers=None, timeout=None, **kwargs):
        parts = urllib.parse.urlsplit(url)
        secure = parts.scheme == "https"
        port = self.emulator.port if secure else self.emulator.plain_port
        connection = http.client.HTTPConnection(parts.hostname)
        connection.sock = socket.create_connection(("127.0.0.1", port))
        if secure:
            context = ssl.create_default_context(cafile=str(self.emulator.ca_file))
            connection.sock = context.wrap_socket(connection.sock, server_hostname=parts.hostname)
        connection.request(method, urllib.parse.urlunsplit(("", "", parts.path, parts.query, "")), body, headers or {})
        answer = connection.getresponse()
        self.status, self.headers, self.data = answer.status, answer.headers, answer.read()
        connection.close()
        return self


class GoogleAuth(GcpCase):
    def setUp(self):
        super().setUp()
        self.transport = Transport(self.google.emulator)

    def assert_token(self, credentials, identity, scope):
        credentials.refresh(self.transport)
        token = self.google.tokens.find(credentials.token)
        self.assertEqual((token.identity, token.scopes), (identity, {scope}))
        self.assertTrue(credentials.valid)
        self.assertAlmostEqual(credentials.expiry.replace(tzinfo=datetime.timezone.utc).timestamp(),
                               token.expires, delta=5)

    def service_account(self, scope=FULL):
        return google.oauth2.service_account.Credentials.from_service_account_info(
            json.loads(self.account.key_file()), scopes=[scope])

    def test_service_account(self):
        self.assert_token(self.service_account(READ_ONLY), self.account.email, READ_ONLY)
        credentials = self.service_account()
        self.account.rotate()
        with self.assertRaisesRegex(google.auth.exceptions.RefreshError, "Invalid JWT Signature"):
            credentials.refresh(self.transport)

    def test_user(self):
        user = self.google.user("me@example.com")
        credentials = google.oauth2.credentials.Credentials(
            None, refresh_token=user.refresh_token, client_id=user.client_id, client_secret=user.client_secret,
            token_uri=AUDIENCE)
        credentials.refresh(self.transport)
        self.assertEqual(self.google.tokens.find(credentials.token).identity, user.email)

    def test_metadata_server(self):
        self.google.metadata.identity = self.account.email
        self.assert_token(compute_engine.Credentials(), self.account.email, FULL)


if __name__ == "__main__":
    harness.main()
