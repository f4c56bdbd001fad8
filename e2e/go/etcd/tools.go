//go:build tools

// Package tools names the command that the bench builds.
package tools

import _ "go.etcd.io/etcd/server/v3"
