#!/usr/bin/env bash
# Finds Chromium and its driver, installs both with apt-get where they are missing, and prints the two paths, one a line.
#
# CHROMIUM and CHROMEDRIVER name others. The answer is all that is on stdout; what happens is told on stderr.
set -euo pipefail

say() { printf 'browser: %s\n' "$*" >&2; }

chromium=${CHROMIUM:-$(command -v chromium || true)}
driver=${CHROMEDRIVER:-$(command -v chromedriver || true)}
if [[ ! $chromium || ! $driver ]]; then
  command -v apt-get >/dev/null || {
    say "install Chromium and chromedriver, or name them in CHROMIUM and CHROMEDRIVER"
    exit 1
  }
  say "installing Debian's chromium and chromium-driver with apt-get"
  sudo=()
  ((EUID == 0)) || sudo=(sudo)
  # Two tests may come here at once: the second waits for the first, then finds them installed.
  "${sudo[@]}" apt-get -o DPkg::Lock::Timeout=300 update -qq >&2
  "${sudo[@]}" apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends chromium chromium-driver >&2
  chromium=$(command -v chromium)
  driver=$(command -v chromedriver)
fi
printf '%s\n%s\n' "$chromium" "$driver"
