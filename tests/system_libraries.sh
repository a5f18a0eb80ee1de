#!/bin/sh
# System libraries that the tests of the canvas need: Qt's, and a virtual screen.
# Installs what is missing on Debian and Ubuntu when run as root, else prints the command.
set -eu

packages="libgl1 libglib2.0-0 libfontconfig1 libfreetype6 libx11-6 libxext6 libdbus-1-3 libegl1
libx11-xcb1 libxkbcommon-x11-0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0
libxcb-shape0 libxcb-sync1 libxcb-util1 libxcb-xfixes0 libxcb-xinerama0 libxcb-xkb1 xvfb"

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "This is not Debian or Ubuntu: please see that the libraries of these packages are there:" $packages
    exit 0
fi

missing=""
for package in $packages; do
    # Newer releases append t64 to the names of some libraries.
    if ! dpkg-query -W -f '${Status}\n' "$package" "${package}t64" 2>/dev/null | grep -q "install ok installed"; then
        missing="$missing $package"
    fi
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    echo "Installing system libraries:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "The tests need system libraries. Please run:" >&2
    echo "    sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
