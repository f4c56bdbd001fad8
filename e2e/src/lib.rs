//! Real servers for tests: a Kubernetes control plane, a node, Docker hosts.
