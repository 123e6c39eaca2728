# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck shell=sh
# The same with curl and jq: sh curl.sh URL SUBSCRIBER FILE
set -eu
url=$1 subscriber=$2 file=$3
page=$file.page jar=$file.jar
curl -sSf -c "$jar" -H 'Content-Type: application/json' -d '{"username":"u","password":"p"}' \
  -o /dev/null "$url/dx/api/core/v1/auth/login"
offset=0
: > "$file"
while :; do
  curl -sSf -b "$jar" -o "$page" \
    "$url/dx/api/dam/v1/staging/mismatches?subscriberId=$subscriber&offset=$offset&limit=1000"
  count=$(jq length "$page")
  [ "$count" -gt 0 ] || break
  [ "$offset" -gt 0 ] || jq -r '.[0] | keys_unsorted | @csv' "$page" >> "$file"
  jq -r '.[] | [.[]] | @csv' "$page" >> "$file"
  offset=$((offset + count))
done
rm -f "$page" "$jar"
