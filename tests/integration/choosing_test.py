#!/usr/bin/env python3
"""What helps to choose: the flavors' table, who needs a registry, and the flavor that a URI names."""

import harness

# Words of each column, whatever the sentence around them.
TABLE = {
    "dockerhub": ("quick start, public projects", "simple", "free tier"),
    "gcp": ("GCP infrastructure", "GCP integration global", "pay per GB stored"),
    "aws": ("AWS infrastructure", "integrated with AWS private", "pay per GB stored"),
    "azure": ("Azure infrastructure", "Azure integration geo-replication", "pay per GB stored"),
    "github": ("GitHub workflows", "GitHub integration CI/CD", "free for public"),
}
NEEDS = {
    "kubernetes": "required", "kubeflow": "required", "vertex": "required", "sagemaker": "required",
    "azureml": "required", "other": "required", "airflow": "depends", "local": "not needed",
}
HOSTS = {
    "docker.io/acme": "dockerhub",
    "index.docker.io/acme": "dockerhub",
    "registry-1.docker.io/acme": "dockerhub",
    "ghcr.io/acme": "github",
    "containers.octocorp.ghe.com/acme": "github",
    "gcr.io/my-project": "gcp",
    "us.gcr.io/my-project": "gcp",
    "eu.gcr.io/my-project": "gcp",
    "asia.gcr.io/my-project": "gcp",
    "gcr.io/example.com/my-project": "gcp",
    "us-central1-docker.pkg.dev/my-project/my-repo": "gcp",
    "europe-docker.pkg.dev/my-project/my-repo": "gcp",
    "docker.me-central2.rep.pkg.dev/my-project/my-repo": "gcp",
    "myregistry.azurecr.io": "azure",
    "my12345-abc123.azurecr.io": "azure",
    "myregistry.westeurope.geo.azurecr.io": "azure",
    "myregistry.azurecr.us": "azure",
    "myregistry.azurecr.cn": "azure",
    "123456789012.dkr.ecr.us-east-1.amazonaws.com": "aws",
    "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com": "aws",
    "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn": "aws",
    "123456789012.dkr-ecr.eu-west-1.on.aws": "aws",
    "public.ecr.aws/acme": "aws",
    "quay.io/acme": "default",
    "localhost:5000": "default",
    # What only looks like one of the above is nobody's own.
    "docker.io.evil.example/acme": "default",
    "mydocker.io/acme": "default",
    "ghcr.io.evil.example/acme": "default",
    "xghcr.io/acme": "default",
    "containers.ghe.com.evil.example/acme": "default",
    "gcr.io.evil.example/my-project": "default",
    "fake.us.gcr.io/my-project": "default",
    "us-central1-docker.pkg.dev.evil.example/p/r": "default",
    "x.us-central1-docker.pkg.dev/p/r": "default",
    "myregistry.azurecr.io.evil.example": "default",
    "a.b.azurecr.io": "default",
    "12345678901.dkr.ecr.us-east-1.amazonaws.com": "default",
    "123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example": "default",
    "public.ecr.aws.evil.example/acme": "default",
}


class Choosing(harness.Case):
    def setUp(self):
        super().setUp()
        self.daemon = harness.Gantryd(self)

    def test_every_flavor_says_what_it_is_best_for_what_it_has_and_costs(self):
        flavors = {f["name"]: f for f in self.ok(self.daemon, "flavor", "list", "--output", "json").json()["flavors"]}
        shown = self.ok(self.daemon, "flavor", "list").out
        for name, columns in TABLE.items():
            for field, words in zip(("best_for", "features", "cost"), columns):
                for word in words.replace(",", "").split():
                    self.assertIn(word.lower(), flavors[name][field].lower(), (name, field))
                self.assertIn(flavors[name][field], shown)

    def test_every_orchestrator_says_whether_it_needs_a_registry(self):
        shown = self.ok(self.daemon, "orchestrator", "list").out.splitlines()[1:]
        self.assertEqual({line.split()[0]: need for line in shown for need in NEEDS.values()
                          if f"  {need}  " in line}, NEEDS)
        self.assertEqual([line.split()[0] for line in shown], list(NEEDS), "those that need one first")
        airflow = next(line for line in shown if line.startswith("airflow"))
        self.assertIn("KubernetesPodOperator", airflow)

    def test_the_uri_names_the_flavor_and_a_look_alike_none(self):
        for number, (uri, flavor) in enumerate(HOSTS.items()):
            made = self.gantry(self.daemon, "container-registry", "register", f"r{number}", f"--uri={uri}",
                               "--output", "json")
            self.assertEqual(made.code, 0, f"{uri}: {made}")
            self.assertEqual(made.json()["flavor"], flavor, uri)


if __name__ == "__main__":
    harness.main()
