#!/bin/sh
# Programs from Debian that some tests need: a browser, a synthesiser of speech, a reader of
# metadata, a camera (an RTSP server), a broker of MQTT, SRT, a recorder.
# Where one can't be installed, this says so, and its tests say that they were skipped.
set -eu
missing=
for need in chromium:chromium espeak-ng:espeak-ng exiftool:libimage-exiftool-perl mosquitto:mosquitto ffmpeg:ffmpeg motion:motion; do
    command -v "${need%%:*}" >/dev/null || missing="$missing ${need##*:}"
done
rtsp="import gi; gi.require_version('GstRtspServer', '1.0')"
/usr/bin/python3 -c "$rtsp" 2>/dev/null ||
    missing="$missing python3-gi gstreamer1.0-rtsp gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
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
