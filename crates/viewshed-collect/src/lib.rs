//! Estates in: the Kubernetes API, the Docker API and files. Read-only by construction.
#![warn(missing_docs)]
