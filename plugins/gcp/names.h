// Names at Google: hosts, projects and repositories, of Artifact Registry and of Container
// Registry, whose hosts Artifact Registry serves by now.
#pragma once

#include <string>
#include <string_view>

#include "plugins/sdk/status.h"

namespace gantry::gcp {

// An Artifact Registry repository, and what of a path lies below it.
struct RepositoryName {
  std::string project;   // "my-project"; of a domain "example.com:my-project"
  std::string location;  // "us-central1", "europe"
  std::string id;        // "my-repo"; behind gcr.io hosts the host itself: "eu.gcr.io"
  std::string image;     // "team/app", or empty

  // As the API has it: "projects/P/locations/L/repositories/R".
  std::string Resource() const;
};

// What `host`, in canonical form, and the path behind it name:
//   LOCATION-docker.pkg.dev, docker.LOCATION.rep.pkg.dev   /PROJECT/REPOSITORY[/IMAGE]
//   gcr.io, us.gcr.io, eu.gcr.io, asia.gcr.io              /PROJECT[/IMAGE]
// A project of a domain takes two parts of the path: example.com/my-project.
//   INVALID_ARGUMENT INVALID_REFERENCE   with what would be right
sdk::Status ParseRepository(std::string_view host, std::string_view path, RepositoryName& name);

// Whether `text` is a project as users write it: "my-project" or "example.com:my-project".
bool IsProject(std::string_view text);

// "us-central1-docker.pkg.dev/example.com/my-project/my-repo": where images of the repository live.
std::string RegistryUri(const RepositoryName& name);

}  // namespace gantry::gcp
