# Sourced by run.sh and test.sh, in the project's root: packages and the dashboard. Doing it again
# costs next to nothing.

say() { printf '== %s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    say "Packages are missing. Install them as root:"
    printf '  %s\n' "$*" >&2
    return 1
  fi
}

# install_packages LIST...: what the lists name and the machine lacks.
install_packages() {
  local wanted missing=()
  wanted=$(sed -e 's/#.*//' "$@")
  # Node.js may come from Debian or from elsewhere, where npm is part of it.
  command -v node >/dev/null || wanted+=" nodejs"
  command -v npm >/dev/null || wanted+=" npm"
  local package
  for package in $wanted; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
      missing+=("$package")
  done
  [ "${#missing[@]}" -eq 0 ] && return
  say "Installing ${#missing[@]} packages"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
}

# Installs the dashboard's packages, once for each lockfile.
install_dashboard_packages() {
  local stamp=dashboard/node_modules/.surveillx-lock
  cmp -s dashboard/package-lock.json "$stamp" && return
  say "Installing the dashboard's packages"
  (cd dashboard && npm ci --no-audit --no-fund >&2)
  # The tests of the whole product stand elsewhere and use the same packages.
  ln -sfn ../../dashboard/node_modules tests/e2e/node_modules
  cp dashboard/package-lock.json "$stamp"
}

# Builds dashboard/dist when a source is newer than it.
build_dashboard() {
  install_dashboard_packages
  local built=dashboard/dist/index.html
  if [ -f "$built" ] && [ -z "$(find dashboard/src dashboard/public dashboard/*.json \
    dashboard/*.ts dashboard/*.html -newer "$built" -print -quit 2>/dev/null)" ]; then
    return
  fi
  say "Building the dashboard"
  (cd dashboard && npm run --silent build >&2)
}

# configure PRESET: runs CMake once; later runs of the build configure again by themselves.
configure() {
  [ -f "build/$1/build.ninja" ] || cmake --preset "$1" >&2
}
