#!/bin/sh
# Programs from Debian that some tests need: a browser, a synthesiser of speech, a reader of metadata.
# Where one can't be installed, this says so, and its tests say that they were skipped.
set -eu
missing=
for need in chromium:chromium espeak-ng:espeak-ng exiftool:libimage-exiftool-perl; do
    command -v "${need%%:*}" >/dev/null || missing="$missing ${need##*:}"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    timeout 120 apt-get -qq update >/dev/null 2>&1 || true
    for package in $missing; do
        timeout 300 apt-get -qq install -y --no-install-recommends "$package" >/dev/null 2>&1 ||
            echo "$package could not be installed: some tests will be skipped"
    done
else
    echo "not installed, so some tests will be skipped:$missing"
fi
