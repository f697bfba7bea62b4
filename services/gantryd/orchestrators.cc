#include "gantryd/orchestrators.h"

#include <array>

namespace gantry {

std::span<const OrchestratorInfo> Orchestrators() {
  using enum RegistryNeed;
  static constexpr std::array kAll = {
      OrchestratorInfo{"kubernetes", "Kubernetes", kRequired,
                       "Every step is a pod; its kubelet pulls the image.", ""},
      OrchestratorInfo{"kubeflow", "Kubeflow Pipelines", kRequired,
                       "Every step is a pod; its kubelet pulls the image.", ""},
      OrchestratorInfo{"vertex", "Vertex AI", kRequired,
                       "Pulls with the identity of its own service account.", "gcp"},
      OrchestratorInfo{"sagemaker", "SageMaker", kRequired,
                       "Pulls with its execution role, from ECR of the same region.", "aws"},
      OrchestratorInfo{"azureml", "Azure ML", kRequired,
                       "Pulls with the workspace's managed identity.", "azure"},
      OrchestratorInfo{"other", "Any other that runs steps as containers", kRequired,
                       "Where a step runs, its image has to be pulled.", ""},
      OrchestratorInfo{"airflow", "Airflow", kConditional,
                       "Only for tasks that run as containers, by KubernetesPodOperator or "
                       "DockerOperator on other machines.",
                       ""},
      OrchestratorInfo{"local", "Local", kNone, "Steps run on this machine, without images.", ""},
  };
  return kAll;
}

}  // namespace gantry
