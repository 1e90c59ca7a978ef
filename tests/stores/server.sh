#!/usr/bin/env bash
# Obtains a server that stands for a cloud's store, and prints its program: the only line on stdout.
#
#   server.sh s3      versitygw (Apache-2.0), built from its Go module
#   server.sh azure   Azurite (MIT) of Microsoft, from npm: a program for node
#   server.sh gcs     fake-gcs-server (BSD-2-Clause), built from its Go module
#
# They lie in the cache folder outside the checkout, each under its version. Exit code 3: the tool that obtains it is missing.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tenant-closure/stores
versitygw=github.com/versity/versitygw/cmd/versitygw@v1.8.0
fake_gcs_server=github.com/fsouza/fake-gcs-server@v1.56.1

say() { printf 'stores: %s\n' "$*" >&2; }
need() {
  command -v "$1" >/dev/null && return
  say "$1 is missing: $2 is not tried"
  exit 3
}

# One run obtains a server, the others wait for it. Without flock they would do the work twice, no more: what is ready is
# moved into place whole.
lock() {
  mkdir -p "$cache"
  command -v flock >/dev/null || return 0
  exec 9>"$cache/.lock-$1"
  flock 9
}

work=
trap '[[ -z $work ]] || rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM HUP

# The program of a Go module at its version.
from_go() {
  local module=$1 cloud=$2 program folder version
  program=$(basename "${module%@*}") version=${module#*@}
  folder=$cache/$program-$version
  if [[ ! -x $folder/$program ]]; then
    need go "$cloud"
    lock "$program"
    if [[ ! -x $folder/$program ]]; then
      say "building $program $version from its Go module; minutes the first time, never again"
      work=$(mktemp -d "$cache/.new.XXXXXX")
      # The second try is for a module proxy that dropped a connection; what was done stays done.
      GOBIN=$work CGO_ENABLED=0 GOFLAGS=-trimpath go install "$module" >&2 9>&- ||
        GOBIN=$work CGO_ENABLED=0 GOFLAGS=-trimpath go install "$module" >&2 9>&-
      mkdir -p "$folder"
      mv -f -- "$work/$program" "$folder/"
    fi
  fi
  printf '%s\n' "$folder/$program"
}

azurite() {
  local lockfile=$here/azurite/package-lock.json folder
  need node 'Azure Blob Storage'
  folder=$cache/azurite-$(sha256sum "$lockfile" | cut -c1-12)
  if [[ ! -f $folder/ready ]]; then
    need npm 'Azure Blob Storage'
    lock azurite
    if [[ ! -f $folder/ready ]]; then
      say "installing Azurite into $folder"
      rm -rf -- "$folder"
      mkdir -p "$folder"
      cp "$here/azurite/package.json" "$lockfile" "$folder/"
      # No package's own script is run: what they would build is for parts of Azurite that are not used here.
      npm ci --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" >&2 9>&-
      touch "$folder/ready"
    fi
  fi
  printf '%s\n' "$folder/node_modules/azurite/dist/src/blob/main.js"
}

case ${1:-} in
  s3) from_go "$versitygw" S3 ;;
  gcs) from_go "$fake_gcs_server" 'Google Cloud Storage' ;;
  azure) azurite ;;
  *) say "which store: s3, azure or gcs?"; exit 1 ;;
esac
