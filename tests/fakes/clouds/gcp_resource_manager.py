"""cloudresourcemanager.googleapis.com: what an identity may do in a project."""
from clouds.exchange import json_response
from clouds.gcp_tokens import api_error, form_refused, scope_insufficient, unauthenticated
from clouds.quirks import Quirks


class ResourceManager:
    def __init__(self, host, tokens, policy):
        self.quirks = Quirks(service_disabled=False)
        self._tokens, self._policy = tokens, policy
        host.on("POST", r"/v1/(?P<project>projects/[^/]+):testIamPermissions", self._test)

    def _test(self, request):
        if refusal := form_refused(request):
            return refusal
        token = self._tokens.find(request.bearer())
        if not token:
            return unauthenticated()
        if not token.allows(write=False):
            return scope_insufficient()
        if self.quirks.service_disabled:
            return api_error(403, "PERMISSION_DENIED", "Cloud Resource Manager API has not been used in project 123 "
                             "before or it is disabled.", "SERVICE_DISABLED")
        granted = [p for p in request.json()["permissions"]
                   if self._policy.allows(token.identity, p, request.match["project"])]
        return json_response(200, {"permissions": granted} if granted else {})
