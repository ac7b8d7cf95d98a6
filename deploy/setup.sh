#!/usr/bin/env bash
# Install what Fireline needs on this machine: .venv from the hashed lock file and, for the tests, Debian packages.
#
#   deploy/setup.sh            what `make run` needs, with the Debian packages that PDFs need
#   deploy/setup.sh --tools    the Python tools of `make check` instead of those packages
#   deploy/setup.sh --tests    all of it, and the Debian packages of `make test`
#
# Silent when there is nothing to do. Debian packages are installed only by root or with a sudo that asks for no
# password; otherwise their names and the command are printed. Exit 1 when something essential is missing: PDFs are
# not, Fireline starts without them and says where they are asked for what is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "$*" in
    '') level=runtime ;;
    --tools) level=tools ;;
    --tests) level=tests ;;
    *) echo "usage: deploy/setup.sh [--tools|--tests]" >&2; exit 2 ;;
esac

say() { echo "setup: $*" >&2; }
fail() { say "$@"; exit 1; }

# --- Debian packages --------------------------------------------------------------------------------------------

found() { compgen -G "$1" >/dev/null; }

has_library() { found "/usr/lib/*/$1" || found "/lib/*/$1" || found "/usr/lib/$1"; }
has_chinese_font() {
    found '/usr/share/fonts/opentype/noto/NotoSansCJK*' && found '/usr/share/fonts/opentype/noto/NotoSerifCJK*'
}

# What is absent, looked for by what it gives, so that a Chromium or PostgreSQL from elsewhere counts too.
missing_packages() {
    [ "$level" != tools ] || return 0
    # What WeasyPrint opens at run time; `fireline doctor` looks for the same.
    has_library 'libpango-1.0.so.0' || echo libpango-1.0-0
    has_library 'libpangoft2-1.0.so.0' || echo libpangoft2-1.0-0
    has_library 'libharfbuzz-subset.so.0' || echo libharfbuzz-subset0
    has_chinese_font || echo fonts-noto-cjk
    [ "$level" = tests ] || return 0
    found '/usr/lib/postgresql/*/bin/initdb' || echo postgresql
    command -v chromium >/dev/null || echo chromium
    # Playwright's own node needs it; Chromium does not bring it.
    has_library 'libatomic.so.1' || echo libatomic1
    # Turns printed sheets into pictures, for the tests to read their QR codes back.
    command -v pdftoppm >/dev/null || echo poppler-utils
}

as_root=()
may_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" != 0 ] || return 0
    as_root=(sudo -n)
    sudo -n true 2>/dev/null
}

# What apt-get prints is of interest only when it fails.
apt() {
    local log status=0
    log=$(mktemp)
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -o DPkg::Lock::Timeout=600 "$@" >"$log" 2>&1 || status=$?
    [ "$status" = 0 ] || tail -n 20 "$log" >&2
    rm -f "$log"
    return "$status"
}

# Fail unless PACKAGES could be installed; what the reader must do is printed.
install_packages() {
    if ! may_install; then
        say "missing Debian packages: $*"
        say "install them with: sudo apt-get update && sudo apt-get install --no-install-recommends $*"
        return 1
    fi
    say "installing Debian packages: $*"
    # The tests start clusters of their own; Debian's would take port 5432 and memory for nothing.
    local no_cluster=/etc/postgresql-common/createcluster.d/fireline-tests.conf
    if [[ " $* " == *' postgresql '* ]]; then
        "${as_root[@]}" install -d "${no_cluster%/*}"
        echo 'create_main_cluster = false' | "${as_root[@]}" tee "$no_cluster" >/dev/null
    fi
    local status=0
    # A machine with other, broken sources may still have what is wanted, so a failing update is not the end.
    apt update || say "apt-get update failed; trying with the package lists at hand"
    apt install -y --no-install-recommends "$@" || status=1
    "${as_root[@]}" rm -f "$no_cluster"
    [ "$status" = 0 ] || say "apt-get could not install: $*"
    return "$status"
}

# --- Python -----------------------------------------------------------------------------------------------------

find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

make_venv() {
    local python package
    python=$(find_python) || fail "Python 3.11 or later is missing (Debian 12: apt-get install python3)"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        install_packages "$package" || fail "$python cannot make a virtual environment without $package"
    fi
    rm -rf .venv
    "$python" -m venv .venv
}

# Print the lock file's entry for one package, with its hashes.
locked() { awk -v name="$1" '$0 ~ "^" name "==" {on = 1} on {print; if ($0 !~ /\\$/) exit}' "$2"; }

install_lock() {
    local lock=$1
    say "installing Python packages from $lock"
    locked uv "$lock" >.venv/uv.txt
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.txt
    # uv does not read pip's configuration: a mirror set for pip shall serve uv as well.
    if [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        UV_DEFAULT_INDEX=${PIP_INDEX_URL:-$(.venv/bin/pip config get global.index-url 2>/dev/null || true)}
        if [ -n "$UV_DEFAULT_INDEX" ]; then export UV_DEFAULT_INDEX; else unset UV_DEFAULT_INDEX; fi
    fi
    # Compiled now, once: the first start would otherwise compile all it imports and be three times slower.
    if ! .venv/bin/uv --quiet pip sync --compile-bytecode --python .venv/bin/python --require-hashes "$lock"; then
        say "uv did not succeed; trying again with pip, which is slower"
        .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$lock"
    fi
}

install_project() {
    say "installing fireline from this checkout"
    .venv/bin/uv --quiet pip install --python .venv/bin/python --offline --no-deps --no-build-isolation --editable .
}

# --- The work ---------------------------------------------------------------------------------------------------

# Two setups at once (make -j, two terminals) take turns; the lock is on this directory itself.
exec 9<.
flock 9

fingerprint() { { echo "$PWD"; cat "$@"; } | sha256sum | cut -d' ' -f1; }
noted() { [ -e ".venv/.setup-$1" ] && [ "$(<".venv/.setup-$1")" = "$2" ]; }
note() { echo "$2" >".venv/.setup-$1"; }

if ! .venv/bin/python -c '' 2>/dev/null; then
    say "making .venv"
    make_venv
fi

# A checkout that once had the tools keeps them: `make run` does not take them away again.
[ "$level" = runtime ] || : >>.venv/.setup-tools
lock=requirements.lock
[ ! -e .venv/.setup-tools ] || lock=requirements-test.lock
sum=$(fingerprint "$lock")
if ! noted lock "$sum"; then
    install_lock "$lock"
    rm -f .venv/.setup-project
    note lock "$sum"
fi

sum=$(fingerprint pyproject.toml)
if ! noted project "$sum"; then
    install_project
    note project "$sum"
fi

# Ours too; only what changed is compiled anew.
.venv/bin/python -m compileall -q api documents domain flows gateways notifications || true

mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -gt 0 ] && ! install_packages "${missing[@]}"; then
    if [ "$level" = tests ]; then
        # Without the font pages still work, Chinese shows as boxes in the browser tests' pictures.
        [ "${missing[*]}" = fonts-noto-cjk ] || exit 1
    else
        say "everything works without them but PDFs, such as the sheets with a venue's code"
    fi
fi
