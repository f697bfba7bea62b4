// One push as the flavor's host->push runs it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gantryd/flavors/flavor.h"
#include "gantryd/registries/registry_pool.h"
#include "oci/image_source.h"
#include "push/push_engine.h"

namespace gantry {

// Runs one push at a time (HostServices sees to that).  A flavor may run it again after a failure;
// each run reads the source anew.
class EngineJob final : public PushJob {
 public:
  using OpenSource = std::function<absl::StatusOr<std::unique_ptr<ImageSource>>()>;

  // All borrowed but `source` (for the first run) and `reopen` (for later ones).  `tags` as the
  // caller wished them.
  EngineJob(PushEngine& engine, RegistrySession& session, ProgressSink& progress,
            std::vector<std::string> tags, std::unique_ptr<ImageSource> source, OpenSource reopen);

  //   INTERNAL FLAVOR_MISBEHAVED   the plan leads away from the registry
  //   and those of PushEngine
  absl::StatusOr<PushedImage> Run(const CallContext& call, const FlavorPlan& plan) override;
  std::string Uri(const FlavorPlan& plan) const override;

  // What the last successful run pushed, and where; nothing when there was none.
  struct Done {
    PushedImage image;
    std::string repository;
  };
  const std::optional<Done>& done() const { return done_; }

 private:
  absl::Status CheckPlan(const FlavorPlan& plan) const;
  std::vector<std::string> TagsOf(const FlavorPlan& plan) const;

  PushEngine& engine_;
  RegistrySession& session_;
  ProgressSink& progress_;
  const std::vector<std::string> tags_;
  std::unique_ptr<ImageSource> source_;
  const OpenSource reopen_;
  std::optional<Done> done_;
};

}  // namespace gantry
