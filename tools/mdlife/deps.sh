#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Install the Debian packages of packages.txt, or of the list beside it that is
# named, whose commands or files are not there; as another user than root, print the line that would. Looks without
# starting a program, so that it costs nothing when everything is there.
set -eu

list=$(dirname "$0")/${1:-packages.txt}
missing=

while read -r package signs; do
	case $package in '' | '#'*) continue ;; esac
	for sign in $signs; do
		case $sign in
		*/*) [ -e "$sign" ] || missing="$missing $package" ;;
		*) command -v "$sign" >/dev/null || missing="$missing $package" ;;
		esac
	done
done <"$list"

if [ -n "$missing" ]; then
	if [ "$(id -u)" != 0 ]; then
		echo "missing packages; run: sudo apt-get install --no-install-recommends$missing" >&2
		exit 1
	fi
	echo "installing$missing" >&2
	apt-get -q update
	# shellcheck disable=SC2086 # a list of packages
	DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends $missing
fi

if ! command -v go >/dev/null; then
	echo "no go command: install Go $(sed -n 's/^go //p' "$(dirname "$0")/../../go.mod") or newer from https://go.dev/dl/ and put its bin directory into PATH" >&2
	exit 1
fi
