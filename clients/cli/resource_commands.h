// The commands that registries, connectors and flavors have in common.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>

#include "base/uuid.h"
#include "clients/cli/output.h"
#include "clients/cli/session.h"
#include "clients/cli/value_kind.h"

namespace gantry::cli {

template <class Stub, class Request, class Response>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

// What a flavor has to say beside the answer itself; `about` comes before each sentence.
template <class Message>
void PrintWarnings(const Message& answer, const std::string& about = "") {
  for (const std::string& text : answer.warnings()) {
    PrintWarning(about + text);
  }
}

// "list": everything there is; `table` makes it readable.
template <class Stub, class Request, class Response>
void AddList(CLI::App& group, Session& session, const std::string& name,
             const std::string& description, Method<Stub, Request, Response> method,
             std::string (*table)(const Response&)) {
  AddCommand(group, session, name, description)->callback([&session, method, table] {
    session.command = [&session, method, table]() -> Outcome {
      GANTRY_ASSIGN_OR_RETURN(const Response all, session.Connect().CallAll(method, Request()));
      return session.Show(all, table(all));
    };
  });
}

// A command that takes one name of the given kind, and does `run` with it.
inline void AddNamed(CLI::App& group, Session& session, const std::string& name,
                     const std::string& description, const char* kind,
                     std::function<Outcome(const Session&, const std::string&)> run) {
  CLI::App* command = AddCommand(group, session, name, description);
  const auto value = std::make_shared<std::string>();
  command->add_option("NAME", *value, "Its name")->required()->type_name(kind);
  command->callback([&session, value, run = std::move(run)] {
    session.command = [&session, value, run] { return run(session, *value); };
  });
}

// "describe": one of them.
template <class Stub, class Request, class Response>
void AddDescribe(CLI::App& group, Session& session, const std::string& description,
                 const char* kind, Method<Stub, Request, Response> method,
                 std::string (*describe)(const Response&)) {
  AddNamed(group, session, "describe", description, kind,
           [method, describe](const Session& s, const std::string& name) -> Outcome {
             Request request;
             request.set_name(name);
             GANTRY_ASSIGN_OR_RETURN(const Response got, s.Connect().Call(method, request));
             return s.Show(got, describe(got));
           });
}

// "delete": forgets one of them.
template <class Stub, class Request, class Response>
void AddDelete(CLI::App& group, Session& session, const std::string& description, const char* kind,
               Method<Stub, Request, Response> method) {
  AddNamed(group, session, "delete", description, kind,
           [method](const Session& s, const std::string& name) -> Outcome {
             Request request;
             request.set_name(name);
             request.set_request_id(NewUuid());
             GANTRY_ASSIGN_OR_RETURN(const Response done, s.Connect().Call(method, request));
             return s.Show(done, fmt::format("Deleted {}\n", name));
           });
}

}  // namespace gantry::cli
