#!/bin/sh
# Writes crates/viewshed-analyze/src/bootstrap/vMINOR.json: the RBAC objects that one version of
# kube-apiserver creates at start. Needs Go and the module proxy, and some minutes of one core.
#
#     e2e/go/bootstrap/generate.sh 1.37.2
set -eu

version=$1
staging=0.${version#*.}
here=$(cd "$(dirname "$0")" && pwd)
target=$here/../../../crates/viewshed-analyze/src/bootstrap/v${version%.*}.json
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

cd "$work"
cp "$here/main.go" .
source=$(go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
printf 'module viewshed.test/bootstrap\n' > go.mod
# Its own language version and debug settings; and its staging modules, which the module zip
# lacks, under their published names.
grep -E '^(go|toolchain) ' "$source" >> go.mod
sed -n '/^godebug (/,/^)/p;/^godebug [a-z]/p' "$source" >> go.mod
printf 'require k8s.io/kubernetes v%s\n' "$version" >> go.mod
sed -n "s#^[[:space:]]*\(replace \)\{0,1\}\(k8s.io/[a-z0-9-]*\) => ./staging/.*#replace \2 => \2 v$staging#p" "$source" >> go.mod

# One package at a time and at low priority: this is not worth slowing a machine down for.
CGO_ENABLED=0 nice -n 19 go build -mod=mod -trimpath -p 1 -o bootstrap .
./bootstrap "v$version" > "$target.new"
mv "$target.new" "$target"
