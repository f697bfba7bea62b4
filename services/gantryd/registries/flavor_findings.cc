#include "gantryd/registries/flavor_findings.h"

#include "base/strings.h"

namespace gantry {

FlavorFindings::FlavorFindings(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    std::string text = finding.message;
    if (!finding.remedy.empty()) text += ": " + finding.remedy;
    text = Excerpt(text, 500);
    if (finding.level == Finding::Level::kError) {
      const std::string field = finding.field.empty() ? "config" : finding.field;
      violations.push_back({Excerpt(field, 200), std::move(text)});
    } else if (finding.level == Finding::Level::kWarning) {
      warnings.push_back(std::move(text));
    }
  }
}

}  // namespace gantry
