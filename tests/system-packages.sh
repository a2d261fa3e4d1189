#!/usr/bin/env bash
# What the tests take from the system, looked for by what is used, installed through apt where root may.
# Without root the tests that need a missing one are skipped, and this says which; under CI=true that is an error.
set -euo pipefail

has() { command -v "$1" >/dev/null; }
one_of() { local found; for found in "$@"; do [[ -e $found ]] && return; done; return 1; }

packages=() skipped=()
need() { packages+=("$1"); skipped+=("${1%% *}: $2"); }

look() {
  packages=() skipped=()
  { has softhsm2-util && one_of /usr/lib/softhsm/*.so /usr/lib/*/softhsm/*.so /usr/local/lib/softhsm/*.so; } ||
    need softhsm2 "the PKCS#11 key store"
  has chromium || has chromium-browser || has google-chrome || need "chromium fonts-dejavu-core" "the pages in a browser"
  has initdb || one_of /usr/lib/postgresql/*/bin/initdb || need postgresql "the run on a system PostgreSQL server"
  has pgbackrest || need pgbackrest "backups into repositories, and drills"
  { has cc && has c++; } || need g++ "the third-party wallet (its addons are compiled)"
  has make || need make "the third-party wallet (its addons are compiled)"
}

install() {
  local apt=(apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0) unmade=/etc/postgresql-common/createcluster.d/chancery-tests.conf
  export DEBIAN_FRONTEND=noninteractive
  "${apt[@]}" update
  if [[ " ${packages[*]} " == *" postgresql "* ]]; then
    # Only the server's binaries are wanted: no cluster is made, so none is started.
    "${apt[@]}" install --yes --no-install-recommends postgresql-common
    mkdir -p "${unmade%/*}"
    trap 'rm -f "$unmade"' RETURN
    echo "create_main_cluster = false" >"$unmade"
  fi
  # shellcheck disable=SC2086  # an entry may name two packages
  "${apt[@]}" install --yes --no-install-recommends ${packages[*]}
}

look
[[ ${#packages[@]} -eq 0 ]] && exit 0
if [[ $EUID -eq 0 ]] && has apt-get; then
  echo "Installing for the tests: ${packages[*]}"
  install </dev/null >&2 || echo "apt could not install everything" >&2
  look
  [[ ${#packages[@]} -eq 0 ]] && exit 0
fi
echo "Missing on this machine; the tests named are skipped (to install: sudo apt-get install ${packages[*]}):" >&2
printf '  %s\n' "${skipped[@]}" >&2
[[ ${CI:-} != true ]]
