#!/usr/bin/env python3
"""Google's own library, google-auth, logs in to the emulated Google Cloud: what the emulator asks for is what
Google's client sends, and its answers are what that client understands.

Debian's google-auth is older than federation and impersonation: those need another on PYTHONPATH.
"""
import datetime
import http.client
import json
import os
import socket
import ssl
import unittest
import unittest.mock
import urllib.parse

import google.auth
import google.auth.exceptions
import google.auth.transport
import google.oauth2.credentials
import google.oauth2.service_account
from google.auth import compute_engine

from gcp_case import SUBJECT, GcpCase  # finds the emulated clouds

from clouds.gcp_federation import GET_ACCESS_TOKEN
from clouds.gcp_oauth import AUDIENCE
from clouds.gcp_tokens import FULL, READ_ONLY


try:
    from google.auth import aws, identity_pool, impersonated_credentials
except ImportError:
    aws = None
modern = unittest.skipIf(aws is None, "this google-auth knows no federation")


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

    def federated(self, kind, provider, source, **kwargs):
        info = json.loads(provider.account_file(source, **kwargs))
        return kind.from_info(info, scopes=[FULL])

    @modern
    def test_impersonation(self):
        target = self.google.account("target")
        self.google.policy.grant(self.account.email, target.email, {GET_ACCESS_TOKEN})
        self.assert_token(impersonated_credentials.Credentials(self.service_account(), target.email, [READ_ONLY]),
                          target.email, READ_ONLY)

    @modern
    def test_aws_identity(self):
        arn = "arn:aws:sts::123456789012:assumed-role/pusher/i-1"
        provider = self.google.provider("aws", aws_keys={"AKIDEXAMPLE": ("wJalrXUtnFEMI/K7MDENG", arn)})
        self.google.policy.grant(provider.principal(arn), self.account.email, {GET_ACCESS_TOKEN})
        environment = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG",
                       "AWS_SESSION_TOKEN": "session", "AWS_REGION": "eu-central-1"}
        with unittest.mock.patch.dict(os.environ, environment):
            source = {"environment_id": "aws1", "regional_cred_verification_url":
                      "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}
            self.assert_token(self.federated(aws.Credentials, provider, source, impersonate=self.account.email),
                              self.account.email, FULL)

    @modern
    def test_identity_of_a_file(self):
        provider, token = self.oidc()
        file = self.file("token", token())
        self.assert_token(self.federated(identity_pool.Credentials, provider, {"file": str(file)}),
                          provider.principal(SUBJECT), FULL)


if __name__ == "__main__":
    unittest.main(verbosity=2)
