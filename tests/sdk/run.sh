#!/usr/bin/env bash
# Runs Microsoft's public SDKs against the simulator, each with its pinned packages in the cache folder outside the checkout.
#
#   run.sh python | javascript
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
root=$(cd -- "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tenant-closure
say() { printf 'sdk-test: %s\n' "$*" >&2; }

# A folder of the cache that is named by what the given file says, so that another list is another folder.
folder() { printf '%s/sdk-%s-%s\n' "$cache" "$1" "$(sha256sum "$2" | cut -c1-12)"; }

python() {
  local list=$here/python/requirements.txt venv
  venv=$(folder python "$list")
  if [[ ! -f $venv/ready ]]; then
    say "installing Microsoft's SDK for Python into $venv"
    rm -rf -- "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$list"
    touch "$venv/ready"
  fi
  CERTIFICATE=$work/closer.pem SSL_CERT_FILE=$work/ca.pem REQUESTS_CA_BUNDLE=$work/ca.pem "$venv/bin/python" "$here/python/sdk.py"
}

javascript() {
  local lock=$here/javascript/package-lock.json modules
  modules=$(folder javascript "$lock")
  if [[ ! -f $modules/ready ]]; then
    say "installing Microsoft's SDK for JavaScript into $modules"
    rm -rf -- "$modules"
    mkdir -p "$modules"
    cp "$here/javascript/package.json" "$lock" "$modules/"
    npm ci --silent --no-audit --no-fund --prefix "$modules"
    touch "$modules/ready"
  fi
  # Node looks for packages beside the program.
  cp "$here/javascript/sdk.mjs" "$modules/"
  NODE_EXTRA_CA_CERTS=$work/ca.pem node --test "$modules/sdk.mjs"
}

work=$(mktemp -d)
simulator=
# Only what was started here is ended here.
finish() {
  [[ -z $simulator ]] || kill "$simulator" 2>/dev/null || true
  rm -rf -- "$work"
}
trap finish EXIT

cargo build --quiet --manifest-path "$root/Cargo.toml" --bin tenant-simulator
command -v openssl >/dev/null || { say "openssl is missing: install it"; exit 1; }
# A certificate as a person would register it, with its key for the client.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=closer -keyout "$work/key.pem" -out "$work/certificate.pem" 2>/dev/null
cat "$work/key.pem" "$work/certificate.pem" >"$work/closer.pem"
registered=$(awk '{ printf "%s\\\\n", $0 }' "$work/certificate.pem")
sed "s|certificates: \[\]|certificates: [\"$registered\"]|" "$here/tenant.yaml" >"$work/tenant.yaml"
target=${CARGO_TARGET_DIR:-$root/target}
"$target/debug/tenant-simulator" serve --scenario "$work/tenant.yaml" --ca-out "$work/ca.pem" --speed 60 --output json >"$work/said" &
simulator=$!
for _ in {1..600}; do
  [[ ! -s $work/said ]] || break
  kill -0 "$simulator" 2>/dev/null || { say "the simulator ended"; exit 1; }
  sleep 0.1
done
SIMULATOR=$(head -1 "$work/said")
export SIMULATOR
# The simulator is on this machine.
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1

case ${1:-} in
  python | javascript) "$1" ;;
  *) say "which SDK: python or javascript?"; exit 1 ;;
esac
