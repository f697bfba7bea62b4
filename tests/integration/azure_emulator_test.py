#!/usr/bin/env python3
"""The emulated Azure, against curl: it refuses what Azure refuses, so that what passes it says something."""
import json
import subprocess

import harness
from azure_case import HOST, AzureCase
from clouds.azure_entra import REGISTRY_AUDIENCE
from clouds.azure_jwt import claims_of


class TheEmulator(AzureCase):
    def curl(self, *argv):
        done = subprocess.run(["curl", "-sS", "-w", "\n%{http_code}", *map(str, argv)], capture_output=True,
                              text=True, env=self.azure.emulator.client_env())
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    def form(self, url, **fields):
        return self.curl(url, *[a for name, value in fields.items() for a in ("--data-urlencode", f"{name}={value}")])

    def test_entra_wants_exactly_its_parameters(self):
        application = self.azure.application("AcrPush")
        url = f"https://{self.azure.authority}/{application.tenant}/oauth2/v2.0/token"
        good = {"grant_type": "client_credentials", "client_id": application.client_id,
                "client_secret": application.secret, "scope": f"{REGISTRY_AUDIENCE}/.default"}
        self.assertEqual(self.form(url, **good)[0], 200)
        for name in good:
            self.assertEqual(self.form(url, **{k: v for k, v in good.items() if k != name})[0], 400, name)
        for name, value in (("grant_type", "password"), ("scope", REGISTRY_AUDIENCE), ("resource", "x"),
                            ("client_assertion", "x"), ("scope", "https://other.example/.default")):
            self.assertEqual(self.form(url, **{**good, name: value})[0], 400, name)

    def test_the_registry_takes_its_own_tokens_for_what_they_are(self):
        application = self.azure.application("AcrPush")
        token, _ = self.azure.entra.token(application, REGISTRY_AUDIENCE)
        exchange, tokens, ping = (f"https://{HOST}{path}" for path in ("/oauth2/exchange", "/oauth2/token", "/v2/"))
        good = {"grant_type": "access_token", "service": HOST, "access_token": token}
        for name, value, status in (("service", "other.azurecr.io", 400), ("grant_type", "refresh_token", 400),
                                    ("access_token", "x.y.z", 401), ("tenant", "other", 401),
                                    ("access_token", self.azure.entra.token(application, "https://other")[0], 401),
                                    ("access_token", token[:-8] + "AAAAAAAA", 401)):
            self.assertEqual(self.form(exchange, **{**good, name: value})[0], status, (name, value))
        refresh = json.loads(self.form(exchange, **good)[1])["refresh_token"]
        ask = {"grant_type": "refresh_token", "service": HOST, "scope": "repository:a:pull", "refresh_token": refresh}
        access = json.loads(self.form(tokens, **ask)[1])["access_token"]
        self.assertEqual(self.form(tokens, **{**ask, "refresh_token": access})[0], 401)
        for bearer, status in ((access, 200), (refresh, 401), (token, 401)):
            self.assertEqual(self.curl("-H", f"Authorization: Bearer {bearer}", ping)[0], status)
        other = self.curl("-H", f"Authorization: Bearer {access}", f"https://{HOST}/v2/b/tags/list")
        self.assertEqual(other[0], 401)
        self.assertEqual(json.loads(other[1])["errors"][0]["detail"],
                         [{"Type": "repository", "Name": "b", "Action": "metadata_read"}])
        self.azure.emulator.clock_skew = 75 * 60
        self.assertEqual(self.curl("-H", f"Authorization: Bearer {access}", ping)[0], 401)

    def test_a_repository_scoped_token_opens_what_its_scope_map_has(self):
        token = self.registry.token("ci", {"a": ["content/read", "metadata/read"], "b": ["content/write"]})
        old = token.generate("password1")
        password, scopes = token.generate("password1"), "repository:a:pull,push repository:b:pull,push"
        ask = lambda login, scope: self.curl("-u", login, "-G", "-d", f"service={HOST}", "--data-urlencode",
                                             f"scope={scope}", f"https://{HOST}/oauth2/token")
        for login in (f"ci:{old}", "ci:", f"other:{password}"):
            self.assertEqual(ask(login, scopes)[0], 401, login)
        bearer = json.loads(ask(f"ci:{password}", scopes)[1])["access_token"]
        self.assertEqual(claims_of(bearer)["access"], [{"type": "repository", "name": "a", "actions": ["pull"]},
                                                       {"type": "repository", "name": "b", "actions": ["push"]}])
        for scope in ("repository:c:pull", "repository:*:pull", "registry:catalog:*"):
            nothing = json.loads(ask(f"ci:{password}", scope)[1])["access_token"]
            self.assertEqual(claims_of(nothing)["access"], [], scope)
        manifest = f"https://{HOST}/v2/a/manifests/none"
        self.assertEqual(self.curl("-H", f"Authorization: Bearer {bearer}", manifest)[0], 404)
        self.assertEqual(self.curl("-u", f"ci:{password}", manifest)[0], 401)
        token.enabled = False
        self.assertEqual(ask(f"ci:{password}", scopes)[0], 401)

    def test_resource_manager_tells_another_audience_from_no_token(self):
        application, api = self.azure.application("AcrPush"), f"https://{self.azure.api}"
        for token, status, code in (("x.y.z", 401, "InvalidAuthenticationToken"),
                                    (self.azure.entra.token(application, REGISTRY_AUDIENCE)[0], 401,
                                     "InvalidAuthenticationTokenAudience"),
                                    (self.azure.entra.token(application, api)[0], 200, None)):
            answer = self.curl("-H", f"Authorization: Bearer {token}", f"{api}/subscriptions?api-version=2022-12-01")
            self.assertEqual(answer[0], status, answer)
            self.assertEqual(json.loads(answer[1]).get("error", {}).get("code"), code)

    def test_metadata_wants_its_header_and_storage_no_login(self):
        self.azure.machine.system_assigned = self.azure.managed_identity("AcrPush")
        url = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&" \
              f"resource={REGISTRY_AUDIENCE}"
        to = ("--connect-to", f"::127.0.0.1:{self.azure.emulator.plain_port}", url)
        self.assertEqual(self.curl(*to)[0], 400)
        self.assertEqual(self.curl("-H", "Metadata: true", "-H", "X-Forwarded-For: 1.2.3.4", *to)[0], 400)
        answer = json.loads(self.curl("-H", "Metadata: true", *to)[1])
        self.assertIsInstance(answer["expires_in"], str)
        blob = f"https://myregistry.blob.core.windows.net/v2/a/blobs/{self.digest}?sig=signature-of-the-storage"
        self.assertEqual(self.curl("-H", "Authorization: Bearer x", blob)[0], 400)
        self.assertEqual(self.curl(blob)[0], 404)

    def test_bodies_that_azure_does_not_take(self):
        self.registry.admin_enabled = True
        login = ("-u", f"myregistry:{self.registry.admin_password}")
        session = f"https://{HOST}/v2/a/blobs/uploads/x"
        data = self.dir / "data"
        with open(data, "wb") as out:
            out.truncate((20 << 20) + 1)
        status, body = self.curl(*login, "-X", "PATCH", "-T", data, "-H", "Transfer-Encoding: chunked", "-H",
                                 "Content-Range: 0-20971520", session)
        self.assertEqual((status, json.loads(body)["errors"][0]["code"]), (400, "CONTENT_LENGTH_INVALID"))
        status, body = self.curl(*login, "-T", data, session)
        self.assertEqual(status, 413)
        self.assertIn("AzureContainerRegistry", body)


if __name__ == "__main__":
    harness.main()
