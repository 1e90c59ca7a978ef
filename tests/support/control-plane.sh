#!/usr/bin/env bash
# Obtains a real Kubernetes control plane and prints where it is.
#
#   control-plane.sh                          the folder with etcd, kube-apiserver and kubectl
#   control-plane.sh helm                     the path of helm
#   control-plane.sh kube-controller-manager  its path; wanted only where garbage collection is tested
#
# The answer is the only line on stdout; what happens is told on stderr. The binaries come from the
# first of these that has them: the folder KUBEBUILDER_ASSETS; the cache folder; setup-envtest; a
# build from the Go modules in cluster/, which alone says what version is meant.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
modules=$root/cluster

say() { printf 'control plane: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# The version of a module that cluster/go.mod requires.
required() { awk -v module="$1" '$1 == module && $2 ~ /^v/ { print $2; exit }' "$modules/go.mod"; }

kubernetes=$(required k8s.io/kubernetes)
helm=$(required helm.sh/helm/v4)
[[ $kubernetes && $helm ]] || fail "cannot read the versions in $modules/go.mod"

# `go run` of a moving version would be a different program every day.
setup_envtest=sigs.k8s.io/controller-runtime/tools/setup-envtest@v0.25.1
core=(etcd kube-apiserver kubectl)
oldest_minor=36 # the first Kubernetes that serves MutatingAdmissionPolicy as v1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tenant-closure/control-plane/$kubernetes

# Whether a folder holds all the programs named.
holds() {
  local folder=$1 program
  shift
  for program in "$@"; do [[ -f $folder/$program && -x $folder/$program ]] || return 1; done
}

# Whether the API server in a folder runs here and is new enough.
new_enough() {
  local version minor
  version=$("$1/kube-apiserver" --version 2>/dev/null) || return 1
  minor=${version#*v1.}
  [[ ${minor%%.*} =~ ^[0-9]+$ ]] && ((${minor%%.*} >= oldest_minor))
}

# One run fills the cache, the others wait for it. Without flock they would do the work twice, no
# more: what is ready is moved into place whole.
lock() {
  mkdir -p "$cache"
  command -v flock >/dev/null || return 0
  exec 9>"$cache/.lock"
  flock --nonblock 9 && return 0
  say "another run is filling $cache; waiting for it"
  flock 9
}

# Puts files into the cache under their own names: copied beside, then renamed.
install_into_cache() {
  local file
  for file in "$@"; do
    chmod 755 "$file"
    mv -f -- "$file" "$cache/"
  done
}

work=
trap '[[ -z $work ]] || rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM HUP
fresh_work_folder() {
  [[ -z $work ]] || rm -rf -- "$work"
  work=$(mktemp -d "$cache/.new.XXXXXX")
}

need_go() {
  command -v go >/dev/null || fail "Go is missing, and it has to build $*: install it (https://go.dev/dl), or set KUBEBUILDER_ASSETS to a folder with ${core[*]}"
}

# Asks setup-envtest, which downloads where the network lets it.
from_setup_envtest() {
  local folder minor=${kubernetes%.*}
  command -v go >/dev/null && command -v timeout >/dev/null || return 1
  say "asking setup-envtest for Kubernetes ${minor#v}"
  fresh_work_folder
  folder=$(timeout --kill-after=5 "${CONTROL_PLANE_DOWNLOAD_TIMEOUT:-60}" \
    go run "$setup_envtest" use --bin-dir "$work" -p path "${minor#v}.x" 2>/dev/null 9>&-) || return 1
  holds "$folder" "${core[@]}" && new_enough "$folder" || return 1
  chmod -R u+w "$work"
  install_into_cache "${core[@]/#/$folder/}"
}

# Builds programs from cluster/ into the cache. The names come out as the last part of the package's
# path, so etcd's server has to be renamed.
from_modules() {
  local started=$SECONDS minor=${kubernetes#v1.} stamp=k8s.io/component-base/version
  local -a packages=() build
  local program
  for program in "$@"; do
    case $program in
      etcd) packages+=(go.etcd.io/etcd/server/v3) ;;
      helm) packages+=(helm.sh/helm/v4/cmd/helm) ;;
      *) packages+=("k8s.io/kubernetes/cmd/$program") ;;
    esac
  done
  need_go "$*"
  say "building $* (Kubernetes $kubernetes) from Go modules with $(go env GOVERSION); minutes the first time, never again"
  fresh_work_folder
  build=(go build -C "$modules" -mod=readonly -trimpath -buildvcs=false -o "$work/"
    -ldflags "-s -w -X $stamp.gitVersion=$kubernetes -X $stamp.gitMajor=1 -X $stamp.gitMinor=${minor%%.*} -X helm.sh/helm/v4/internal/version.version=$helm"
    "${packages[@]}")
  # The second try is for a module proxy that dropped a connection; what was done stays done.
  CGO_ENABLED=0 GOWORK=off "${build[@]}" >&2 9>&- || {
    say "the build failed; trying once more"
    CGO_ENABLED=0 GOWORK=off "${build[@]}" >&2 9>&-
  } || fail "cannot build $*"
  [[ ! -f $work/server ]] || mv -- "$work/server" "$work/etcd"
  install_into_cache "${@/#/$work/}"
  say "built $* in $((SECONDS - started)) s"
}

control_plane() {
  local given=${KUBEBUILDER_ASSETS:-}
  if [[ $given ]]; then
    if ! holds "$given" "${core[@]}"; then
      say "KUBEBUILDER_ASSETS ($given) lacks one of: ${core[*]}; looking elsewhere"
    elif ! new_enough "$given"; then
      say "KUBEBUILDER_ASSETS ($given) is older than Kubernetes 1.$oldest_minor; looking elsewhere"
    else
      (cd -- "$given" && pwd)
      return
    fi
  fi
  if ! holds "$cache" "${core[@]}"; then
    lock
    holds "$cache" "${core[@]}" || from_setup_envtest || {
      say "setup-envtest gives nothing here"
      from_modules "${core[@]}"
    }
  fi
  printf '%s\n' "$cache"
}

# A single program that setup-envtest does not have.
single() {
  if ! holds "$cache" "$1"; then
    lock
    holds "$cache" "$1" || from_modules "$1"
  fi
  printf '%s\n' "$cache/$1"
}

case ${1:-} in
  "") control_plane ;;
  helm | kube-controller-manager) single "$1" ;;
  *) fail "unknown program: $1 (helm, kube-controller-manager, or nothing for the control plane)" ;;
esac
