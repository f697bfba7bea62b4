// Google's key files, as the console and gcloud write them.
#pragma once

#include <string>

namespace gantry::testing {

// The file of pusher@my-project.iam.gserviceaccount.com, with a key of this process's own.
std::string ServiceAccountJson();
// Application default credentials of a person.
std::string UserJson();

}  // namespace gantry::testing
