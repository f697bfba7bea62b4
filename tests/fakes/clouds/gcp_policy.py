"""Who may do what in the emulated Google Cloud: permissions of identities on resources."""
import threading

READER = {"artifactregistry.repositories.get", "artifactregistry.repositories.list",
          "artifactregistry.repositories.downloadArtifacts", "artifactregistry.locations.list",
          "artifactregistry.versions.list", "artifactregistry.dockerimages.get"}
WRITER = READER | {"artifactregistry.repositories.uploadArtifacts"}
ADMIN = WRITER | {"artifactregistry.repositories.create", "artifactregistry.repositories.deleteArtifacts"}


class Policy:
    """A grant on a resource counts for all below it: "projects/p" for its repositories.  Thread-safe."""

    def __init__(self):
        self._grants, self._mutex = {}, threading.Lock()

    def grant(self, identity, resource, permissions):
        with self._mutex:
            self._grants[identity, resource] = set(permissions)

    def allows(self, identity, permission, resource):
        with self._mutex:
            return any(permission in permissions and who == identity and
                       (resource == where or resource.startswith(where + "/"))
                       for (who, where), permissions in self._grants.items())
