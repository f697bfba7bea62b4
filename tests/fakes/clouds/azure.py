"""An emulated Azure: Microsoft Entra, the identities of machines, Resource Manager, container registries.

    azure = Azure(case)                                   # or cloud="us", "cn"
    registry = azure.registry("myregistry")               # myregistry.azurecr.io
    app = azure.application(role="AcrPush")               # .tenant, .client_id, .secret
    token = registry.token("ci", {"team/app": ["content/read"]})
    password = token.generate("password1")
    azure.quirks.firewall = True
"""
import uuid

import harness
from clouds.azure_entra import Entra, MachineServices, Principal
from clouds.azure_jwt import Refused
from clouds.azure_registry import Registry
from clouds.emulator import Emulator
from clouds.exchange import json_response
from clouds.quirks import Quirks
from clouds.registry_proxy import RegistryProxy

# suffix of registries, host of Entra, host of Resource Manager
CLOUDS = {"public": ("azurecr.io", "login.microsoftonline.com", "management.azure.com"),
          "us": ("azurecr.us", "login.microsoftonline.us", "management.usgovcloudapi.net"),
          "cn": ("azurecr.cn", "login.partner.microsoftonline.cn", "management.chinacloudapi.cn")}
SUBSCRIPTIONS, REGISTRIES = "2022-12-01", "2023-07-01"


class Azure:
    def __init__(self, case, cloud="public"):
        self.suffix, self.authority, self.api = CLOUDS[cloud]
        self.emulator = Emulator(case)
        self.quirks = Quirks(
            entra_seconds=3600, refresh_seconds=3 * 3600, access_seconds=75 * 60,  # lives of tokens
            entra_throttled=False, conditional_access=False, registry_resource_unknown=False,
            firewall=False, throttled=0,  # seconds, from the next request on
            abac=False, arm_disabled=False, registry_audience_refused=False,
            stream_limit=None)  # bytes of a PATCH without Content-Range
        self.entra = Entra(self.emulator, self.quirks, self.authority, f"https://{self.api}")
        self.machine = MachineServices(self.emulator, self.quirks, self.entra)
        self.tenant = str(uuid.uuid4())
        self.subscriptions = {}  # id -> [(resource group, Registry)]
        self.docker_registry = harness.Registry(case)
        self._store = RegistryProxy(self.docker_registry.port)
        self.emulator.secrets.also(self._secrets)
        host = self.emulator.host(self.api)
        host.on("GET", "/subscriptions", self._subscriptions)
        host.on("GET", "/subscriptions/(?P<subscription>[^/]+)(/resourceGroups/(?P<group>[^/]+))?"
                       "/providers/Microsoft.ContainerRegistry/registries", self._registries)

    def registry(self, name, subscription="sub-1", group="group-1"):
        """Creates a registry; its login server is `name`, below the cloud's suffix, or `name` with its region."""
        registry = Registry(self.emulator, self.quirks, self.entra, f"{name}.{self.suffix}", self._store,
                            f"{name.partition('.')[0].replace('-', '')}.blob.core.windows.net")
        self.subscriptions.setdefault(subscription, []).append((group, registry))
        return registry

    def application(self, role=None, secret=None, federated=()):
        """Registers an application, with a role on all registries."""
        principal = Principal(self.tenant, str(uuid.uuid4()), str(uuid.uuid4()),
                              secret or f"Secret~{uuid.uuid4().hex}", federated)
        if role:
            principal.roles["*"] = role
        self.entra.principals.append(principal)
        return principal

    def managed_identity(self, role=None):
        principal = self.application(role)
        principal.secret = None
        principal.resource_id = f"/subscriptions/sub-1/resourcegroups/g/providers/Microsoft.ManagedIdentity/" \
                                f"userAssignedIdentities/{principal.object_id}"
        return principal

    def _secrets(self):
        """Everything that was given out and must not show up anywhere."""
        registries = [r for listed in self.subscriptions.values() for _, r in listed]
        signers = [self.entra.signer, *self.entra.issuers.values(), *(r.signer for r in registries)]
        texts = [MachineServices.APP_SERVICE_HEADER, *(p.secret for p in self.entra.principals),
                 *(r.admin_password for r in registries), *(t for s in signers for t in s.given),
                 *(p for r in registries for t in r.tokens.values() for p in t.given)]
        return [text for text in texts if text]

    # Resource Manager; one element a page

    def _subscriptions(self, request):
        return self._page(request, SUBSCRIPTIONS,
                          [{"subscriptionId": s, "state": "Enabled"} for s in sorted(self.subscriptions)])

    def _registries(self, request):
        subscription, group = request.match["subscription"], request.match["group"]
        if subscription not in self.subscriptions:
            return _api_error(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")
        registries = self.subscriptions[subscription]
        if group and group not in {g for g, _ in registries}:
            return _api_error(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")
        return self._page(request, REGISTRIES, [
            {"name": r.host.partition(".")[0], "location": "westeurope", "sku": {"name": "Premium"},
             "type": "Microsoft.ContainerRegistry/registries", "properties": {"loginServer": r.host}}
            for g, r in registries if group in (None, g)])

    def _page(self, request, version, items):
        audience = f"https://{self.api}"
        try:
            claims = self.entra.signer.verify(request.bearer() or "", self.emulator.now())
        except Refused:
            return _api_error(401, "InvalidAuthenticationToken", "The access token is invalid.")
        if claims["aud"] not in (audience, audience + "/"):
            return _api_error(401, "InvalidAuthenticationTokenAudience",
                              f"The access token has been obtained for wrong audience or resource '{claims['aud']}'. "
                              "It should exactly match with one of the allowed audiences "
                              f"'{audience}/','{audience}'.")
        if not self.entra.find(client_id=claims["appid"]).roles:
            return _api_error(403, "AuthorizationFailed", f"The client '{claims['appid']}' does not have "
                                                          "authorization to perform this action.")
        if request.parameter("api-version") != version:
            return _api_error(400, "InvalidApiVersionParameter", "The api-version is invalid.")
        at = int(request.parameter("$skiptoken", "0"))
        page = {"value": items[at:at + 1]}
        if at + 1 < len(items):
            page["nextLink"] = f"https://{self.api}{request.path}?api-version={version}&%24skiptoken={at + 1}"
        return json_response(200, page)


def _api_error(status, code, message):
    return json_response(status, {"error": {"code": code, "message": message}})
