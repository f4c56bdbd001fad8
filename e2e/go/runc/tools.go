//go:build tools

// Package tools names the command that the bench builds.
package tools

import _ "github.com/opencontainers/runc"
