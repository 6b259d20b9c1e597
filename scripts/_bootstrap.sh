# Sourced by the launchers: goes to the top of the checkout, puts the pinned Bun on PATH and installs
# the packages of the lockfile. Needs a POSIX shell, and npm where no such Bun is on PATH. A second
# run finds everything in place and downloads nothing. Safe to run several times at once.

set -eu
cd "$(dirname "$0")/.."
checkout=$(pwd)

# The one place that names the version is package.json.
bun_version=$(sed -n 's/.*"packageManager": *"bun@\([0-9.]*\)".*/\1/p' package.json)
bun_folder="$checkout/.cache/bun-$bun_version-$(uname -s)-$(uname -m)"

say() {
  printf '%s\n' "$*" >&2
}

die() {
  say "error: $1"
  say "hint: $2"
  exit 1
}

is_pinned_bun() {
  [ "$("$1" --version 2>/dev/null)" = "$bun_version" ]
}

# npm and bun want to keep a cache at home: give them one where home cannot be written.
if [ ! -d "${HOME:-}" ] || [ ! -w "${HOME:-}" ]; then
  mkdir -p "$checkout/.cache/home"
  HOME="$checkout/.cache/home"
  export HOME
fi

# The npm package `bun` carries the executable in a package per platform. Its install script is not
# needed: the first of these executables that runs here is ours.
install_bun() {
  command -v npm >/dev/null 2>&1 ||
    die "Bun $bun_version is needed and there is no npm to install it with" \
      "install Node.js with npm, or put Bun $bun_version on PATH"
  say "installing Bun $bun_version into .cache (once)"
  mkdir -p "$checkout/.cache"
  staging=$(mktemp -d "$checkout/.cache/staging.XXXXXX")
  trap 'rm -rf "$staging"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  echo '{ "private": true }' >"$staging/package.json"
  npm install --prefix "$staging" --ignore-scripts --no-audit --no-fund --no-package-lock \
    --loglevel=error "bun@$bun_version" >"$staging/log" 2>&1 || {
    cat "$staging/log" >&2
    die "npm could not install bun@$bun_version" "check the network, then start again"
  }
  found=""
  for candidate in "$staging"/node_modules/@oven/bun-*/bin/bun; do
    if is_pinned_bun "$candidate"; then
      found=$candidate
      break
    fi
  done
  [ -n "$found" ] ||
    die "the npm package bun@$bun_version has no executable that runs on $(uname -s) $(uname -m)" \
      "put Bun $bun_version on PATH by other means"
  # Renaming is atomic: whoever comes second puts the same file there again.
  mkdir -p "$bun_folder"
  mv -f "$found" "$bun_folder/bun"
  ln -sf bun "$bun_folder/bunx"
  rm -rf "$staging"
  trap - EXIT INT TERM HUP
}

if ! is_pinned_bun bun; then
  is_pinned_bun "$bun_folder/bun" || install_bun
  PATH="$bun_folder:$PATH"
  export PATH
fi

packages_in_place() {
  [ -d node_modules ] && cmp -s bun.lock node_modules/.installed_bun.lock
}

# One at a time: a folder is a lock that every system has. A lock whose holder is gone is broken.
take_lock() {
  mkdir -p .cache
  until mkdir .cache/install.lock 2>/dev/null; do
    holder=$(cat .cache/install.lock/pid 2>/dev/null || true)
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
      rm -rf .cache/install.lock
    else
      sleep 0.2
    fi
  done
  echo $$ >.cache/install.lock/pid
}

install_packages() {
  take_lock
  trap 'rm -rf "$checkout/.cache/install.lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  if ! packages_in_place; then
    say "installing the packages of bun.lock"
    bun install --frozen-lockfile >.cache/install.log 2>&1 || {
      cat .cache/install.log >&2
      die "bun install failed" "check the network, then start again"
    }
    cp bun.lock node_modules/.installed_bun.lock
  fi
  rm -rf .cache/install.lock
  trap - EXIT INT TERM HUP
}

packages_in_place || install_packages
