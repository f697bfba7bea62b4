// gantry credential-helper …, also called as docker-credential-gantry.
#include <iostream>

#include "clients/cli/credential_helper.h"
#include "clients/cli/session.h"
#include "clients/cli/standard_input.h"

namespace gantry::cli {
namespace {

constexpr int64_t kTimeoutSeconds = 60;  // docker waits for its helpers

// A verb of docker's; those that take something read it from standard input.
void AddVerb(CLI::App& group, Session& session, const std::string& verb,
             const std::string& description, bool reads) {
  AddCommand(group, session, verb, description)->callback([&session, verb, reads] {
    session.command = [&session, verb, reads]() -> Outcome {
      std::string input;
      if (reads) {
        GANTRY_ASSIGN_OR_RETURN(input, StandardInput(session.stop)());
      }
      const HelperAnswer answer = AnswerDocker(session.Connect(kTimeoutSeconds), verb, input);
      std::cout << answer.text << "\n";
      return static_cast<ExitCode>(answer.exit_code);
    };
  });
}

}  // namespace

void AddCredentialHelperCommand(CLI::App& app, Session& session) {
  CLI::App* group = AddGroup(app, session, "credential-helper",
                             "Answers docker, podman, skopeo and kubelets that ask for logins");
  AddVerb(*group, session, "get", "The login for the server named on standard input", true);
  AddVerb(*group, session, "list", "Servers with a login", false);
  AddVerb(*group, session, "store", "Refused: the daemon's credentials are its own", true);
  AddVerb(*group, session, "erase", "Refused: the daemon's credentials are its own", true);
  AddCommand(*group, session, "version", "Of the helper")->callback([&session] {
    session.command = []() -> Outcome {
      std::cout << "docker-credential-gantry " GANTRY_VERSION "\n";
      return kOk;
    };
  });
  AddCommand(*group, session, "kubelet", "A CredentialProviderRequest on standard input, answered")
      ->callback([&session] {
        session.command = [&session]() -> Outcome {
          GANTRY_ASSIGN_OR_RETURN(const std::string input, StandardInput(session.stop)());
          GANTRY_ASSIGN_OR_RETURN(const std::string answer,
                                  AnswerKubelet(session.Connect(kTimeoutSeconds), input));
          std::cout << answer << "\n";
          return kOk;
        };
      });
}

}  // namespace gantry::cli
